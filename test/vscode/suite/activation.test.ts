import { assert } from "chai";
import * as vscode from "vscode";

describe("The extension", () => {
  it("is there under its published name", () => {
    assert.exists(vscode.extensions.getExtension("headlight.headlight"));
  });
});
