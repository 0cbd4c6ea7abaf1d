import { describe, expect, it } from "vitest";
import { joinUri, uriFiles } from "../../../src/web/uriFiles";

describe("joining a path to a folder's URI", () => {
  it.each([
    ["memfs:/models", "a/model.onnx", "memfs:/models/a/model.onnx"],
    ["memfs:/models/", "./a b#c", "memfs:/models/a%20b%23c"],
    ["https://x.org/m", "a/../b", "https://x.org/m/b"],
  ])("%s + %s", (folder, path, joined) => {
    expect(joinUri(folder, path)).toBe(joined);
  });

  it.each(["../b", "a/../../b", "/etc/passwd", "file:///etc/passwd", "\\\\host\\x"])(
    "refuses to leave the folder: %s",
    (path) => {
      expect(() => joinUri("memfs:/models", path)).toThrow(/outside/);
    },
  );
});

describe("files that are only given whole", () => {
  function files(bytes = new Uint8Array([1, 2, 3, 4])) {
    const asked: string[] = [];
    return {
      asked,
      files: uriFiles({
        async readAll({ reference }) {
          asked.push(reference);
          if (reference === "memfs:/gone") throw new Error("EntryNotFound");
          return bytes;
        },
        size: async ({ reference }) => (reference === "memfs:/gone" ? undefined : bytes.length),
        list: async () => {
          throw new Error("NoPermissions");
        },
      }),
    };
  }

  it("are fetched once for many reads of their parts", async () => {
    const { files: read, asked } = files();
    const file = await read.open("memfs:/a");
    expect(file.byteLength).toBe(4);
    expect(await file.read(1, 2)).toEqual(new Uint8Array([2, 3]));
    expect(await file.read(3, 1)).toEqual(new Uint8Array([4]));
    expect(asked).toEqual(["memfs:/a"]);
    await expect(file.read(3, 2)).rejects.toMatchObject({ code: "file-too-short" });
    await file.close();
    await (await read.open("memfs:/a")).read(0, 1);
    expect(asked).toHaveLength(2);
  });

  it("fail with the file's name and the reason", async () => {
    const { files: read } = files();
    expect(await read.exists("memfs:/gone")).toBe(false);
    await expect(read.open("memfs:/gone")).rejects.toMatchObject({ code: "file-missing" });
    await expect(read.readAll("memfs:/gone")).rejects.toThrow(/memfs:\/gone cannot be read: EntryNotFound/);
    await expect(read.list("memfs:/x")).rejects.toMatchObject({ code: "file-missing" });
  });
});
