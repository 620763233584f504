"""The reliability drills: each module here is one, with a `main()` that prints JSON lines."""
