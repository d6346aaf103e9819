"""`python -m devserver` is `fn`."""

from devserver.cli import main

if __name__ == "__main__":
    main()
