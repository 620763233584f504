"""What runs inside a box: the student's side (`host`), the officer's side (`judge`), and how they talk (`wire`).

These files are carried into the box as they stand; they use the standard library, and numpy where it is there.
"""
