"""The pages as files: a copy of one moment that any web server can hand out."""
