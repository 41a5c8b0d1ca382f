"""Who somebody is: tokens. What they may do is gateway/access.py."""
