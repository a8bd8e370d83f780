"""An AWS-native pipeline that deploys one stack after the other: its stages, and what each of them may do (pure)."""
