"""Mails: what they say (letters.py), and how they leave (post.py) by SMTP (smtp.py) or into a folder (folder.py)."""
