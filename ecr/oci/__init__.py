"""The OCI distribution protocol, and what is done with it: `copying.copy`, `verifying.verify`.

`manifest` decides; all others talk, over `http_transport`. `registries.locate` finds out where an image is and how to
sign in there; `session.Session` is what several copies share.
"""
