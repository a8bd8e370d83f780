"""Who may pull and push: policy documents of every kind that an image needs, made of typed parts and no wildcards.

* `names`: account IDs, ARNs, organizations and Regions, checked once
* `documents`: statements, conditions and documents, and their JSON
* `actions`: which actions pulling, pushing and promoting take
"""
