"""What repositories cost: bytes that are stored once, prices in tiers, and what other policies would leave. Pure."""
