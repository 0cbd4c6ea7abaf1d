"""The texts whose reference attention is kept with the tests: short, of many kinds, written for this purpose."""

CODE_TEXTS = [
    "def area(width, height):\n    return width * height\n",
    "for i in range(10):\n    print(i, total[i])\n",
    "const names = users.map((user) => user.name);\n",
    "if (items.length === 0) {\n  return [];\n}\n",
    "The cat did not cross the street because it was too tired.",
    "I saw a saw.",
    "She remembered the 2022 Beijing Winter Games very well.",
    "result = parse(read(open('data.json')), {'depth': [1, 2, (3, 4)]})",
    "throw new Error(`expected ${expected} but got ${actual}`);",
    "import os\nimport sys\n\nfrom pathlib import Path\n\nhere = Path(__file__).resolve().parent\n",
    "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n\n    def norm(self):\n        return (self.x ** 2 + self.y ** 2) ** 0.5\n",
    "Tom opened the red box. Anna closed the red box. Tom opened the red",
    "a b c d e f a b c d e f",
    "{\"name\": \"headlight\", \"files\": [\"a.ts\", \"b.ts\"], \"nested\": {\"deep\": [[1], [2, [3]]]}}",
    "export interface Token {\n  id: number;\n  text: string;\n  start: number;\n}\n",
    "x",
    "\t\tif err != nil {\r\n\t\t\treturn nil, err\r\n\t\t}\r\n",
    "naïve café, 東京, Привет, 🙂 and \u00a0spaces",
    "while True:\n    try:\n        value = int(input(\"number: \"))\n    except ValueError as error:\n        print(f\"not a number: {error}\")\n        continue\n    break\n",
    "Returns the index of the first element that satisfies the given test, or -1 if no element does. The array is not changed; the callback is called once for each index, in order, until it returns a true value.",
]

LETTER_TEXTS = [
    "abcdefgabcdefg", "the cat saw the cat", "banana", "hello hello hello", "xyzw qrst xyzw qrst", "a", "zyxwvutsrqponmlkjihgfedcba",
    "kato mira lebu kato mira lebu", "abababababab", "mississippi", "one two three one two three", "qwertyuiop qwertyuiop",
    "Tom and Anna and Tom and Anna", "r2d2 and c3po", "aabbccddeeff aabbccdd", "round and round and round", "fghij kl fghij kl fghij",
    "to be or not to be", "jvbqx jvbqx", "never odd or even never odd or",
]

ENCODER_TEXTS = [*CODE_TEXTS[:12], "for i in [MASK](10):\n    print(i)", "The cat did not cross the street because [MASK] was too tired.", "items = [parse(line) for line in lines[MASK]", "[MASK] os\nimport sys\n", *CODE_TEXTS[15:19]]
