"""The texts that come with the default model, and what it is not good for."""

SAMPLES = [
    {"title": "Induction", "behaviour": "induction", "text": "Tom opened the red box. Anna closed the red box. Tom opened the red box. Anna closed the", "note": "At each word that stood before, this head looks at what came after it then."},
    {"title": "I saw a saw", "behaviour": "previous token", "text": "I saw a saw. The saw saw me.", "note": "The same word three times: this head tells them apart by what stands before each."},
    {"title": "Nested brackets", "behaviour": "bracket", "text": "result = merge(load(paths[0]), {\n    'items': [parse(line, (1, 2)) for line in lines],\n    'names': sorted(names),\n})", "note": "From inside brackets this head looks at the innermost one that is still open."},
    {"title": "Strings", "behaviour": "quote", "text": "print(\"the file was not found\", path, 'it is not a list')\nraise ValueError('expected a number')", "note": "From inside a string this head looks at its opening quote."},
    {"title": "The 2022 Beijing Winter Games", "behaviour": "induction", "text": "In 2022 the Winter Games took place in Beijing. She remembered the 2022 Beijing Winter Games very well.", "note": "The year, the city and the games come back: each looks at what followed it before."},
    {"title": "Lines", "behaviour": "line start", "text": "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n", "note": "Tokens look at the newline, with its indentation, that began their line."},
    {"title": "The sink", "behaviour": "first token (sink)", "text": "const names = users.map((user) => user.name).filter(Boolean);", "note": "A head that finds nothing to do rests on the first token."},
    {"title": "A function", "text": "def add(a, b):\n    return a +", "note": "Look at the next-token predictions."},
]

LIMITS = [
    "Two of its heads, for brackets and for quotes, were taught by a loss on their attention; the others came by themselves.",
    "It has 4 million parameters: what it writes is plausible for a few words and means nothing.",
    "It read English, Python, TypeScript and JavaScript; other languages and scripts are spelled byte by byte and hardly known.",
    "It was trained on texts of up to 512 tokens and is refused longer ones.",
    "It takes one text at a time: there is no padding mask.",
    "It is made for looking at attention, not for completing code.",
]
