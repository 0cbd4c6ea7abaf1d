import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "out", ".cache", ".vscode-test", "node_modules", "training/.work", "media"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-restricted-globals": [
        "error",
        { name: "process", message: "Only src/node and scripts know about Node." },
        { name: "window", message: "Only webview knows about a window." },
      ],
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["src/node/**", "scripts/**", "test/**", "esbuild.js", "*.mjs", "*.ts", "webview/**"],
    rules: { "no-restricted-globals": "off" },
  },
  { files: ["*.cjs", "esbuild.js"], rules: { "@typescript-eslint/no-require-imports": "off" } },
);
