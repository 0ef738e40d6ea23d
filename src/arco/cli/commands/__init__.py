"""One module per command; each offers `command`. The table in `arco.cli.main` names them."""
