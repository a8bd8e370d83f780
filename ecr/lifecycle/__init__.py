"""Lifecycle rules: what they mean, what ECR accepts, and what they would do to the images of a repository. All pure.

* `rules`: rules that read like intentions, compiled to a `policy` as ECR knows it
* `documents`, `reading`: policies and images as text
* `validation`: what ECR would refuse; `advice`: what ECR takes, and nobody can want
* `evaluation`: what a policy does to the images of a repository, over `numbering`, `image_sets`, `selection`,
  `tag_index`, `patterns`, `ages` and `relations`; `explanation`: why
* `guard`: whether a protected image is among them; `forecast`: what becomes of a repository; `comparison`: with AWS's
  own preview
"""
