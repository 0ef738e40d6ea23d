"""The pages where people look: every address answers a person in HTML and a program in JSON."""
