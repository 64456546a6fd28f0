"""`python -m placet`: the command line, where its script is not on the path."""

from placet.cli import main

if __name__ == "__main__":
    main()
