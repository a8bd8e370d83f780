"""What is told about repositories, to whom, and in which words: pure values for EventBridge, SNS and KMS.

* `events`: what can be told, and about which repositories
* `patterns`: the event patterns that pick these events, and no others
* `messages`: the input transformers that make messages of them
* `policies`: who may publish to the topic, and use its key
* `topics`: names of topics and mailboxes, checked once
"""
