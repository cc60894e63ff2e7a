"""Reads and writes text in the same way on every system: UTF-8, and lines that end with a line feed."""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
