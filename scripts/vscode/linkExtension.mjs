import fs from "node:fs";
import path from "node:path";

/**
 * Makes a server take the extension from a checkout, as if it were installed: whatever address a person opens,
 * it is there, and after a build a reload of the window is enough.
 */
export function linkExtension(dataFolder, extensionFolder) {
  const { publisher, name, version } = JSON.parse(
    fs.readFileSync(path.join(extensionFolder, "package.json"), "utf8"),
  );
  const folder = path.join(dataFolder, "extensions");
  const list = path.join(folder, "extensions.json");
  const id = `${publisher}.${name}`;
  const others = fs.existsSync(list)
    ? JSON.parse(fs.readFileSync(list, "utf8")).filter(({ identifier }) => identifier.id !== id)
    : [];
  const linked = {
    identifier: { id },
    version,
    // Without a relativeLocation, which would be looked for below the extensions folder.
    location: { $mid: 1, path: extensionFolder, scheme: "file" },
    metadata: { installedTimestamp: Date.now() },
  };
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(list, JSON.stringify([...others, linked]));
  // The server's cache does not notice that a checkout's manifest changed.
  fs.rmSync(path.join(dataFolder, "data", "CachedProfilesData"), { recursive: true, force: true });
}
