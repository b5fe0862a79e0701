"""`python -m sync`: the same as the `deskpulse` command."""

from sync.cli import main

if __name__ == "__main__":
    main()
