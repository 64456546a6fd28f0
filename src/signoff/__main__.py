"""`python -m signoff`: the command line, where its script is not on the path."""

from signoff.cli import main

if __name__ == "__main__":
    main()
