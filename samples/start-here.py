# Select some lines (or only put the cursor in a paragraph), then press F1
# and run "Headlight: Inspect Attention".


def add(first, second):
    return first + second


def subtract(first, second):
    return first - second


names = ["Alice", "Bob", "Carol"]
for name in names:
    print(f"Hello, {name}")
