// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { KeyBindings } from "./key-bindings.ts";

function setUp(keys: readonly string[]) {
  let nowMs = 0;
  const ran: string[] = [];
  const bindings = new KeyBindings(() => nowMs);
  bindings.register(
    keys.map((name) => ({ keys: name, label: name, group: "", run: () => void ran.push(name) })),
  );
  const press = (
    key: string,
    init: KeyboardEventInit = {},
    target: HTMLElement = document.body,
  ) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
    target.addEventListener("keydown", bindings.handle, { once: true });
    target.dispatchEvent(event);
    return event;
  };
  return { ran, press, bindings, wait: (ms: number) => (nowMs += ms) };
}

describe("KeyBindings", () => {
  it("runs single keys, sequences and combinations", () => {
    const { ran, press } = setUp(["t", "g d", "mod+k", "?"]);
    press("t");
    press("g");
    press("d");
    press("k", { ctrlKey: true });
    press("?", { shiftKey: true });
    expect(ran).toEqual(["t", "g d", "mod+k", "?"]);
  });

  it("tells a letter with shift from the letter alone", () => {
    const { ran, press } = setUp(["x", "shift+x"]);
    press("X", { shiftKey: true });
    press("x");
    expect(ran).toEqual(["shift+x", "x"]);
  });

  it("forgets a sequence that is not finished in time", () => {
    const { ran, press, wait } = setUp(["g d"]);
    press("g");
    wait(2000);
    press("d");
    expect(ran).toEqual([]);
  });

  it("leaves single keys to a field with focus, but not ⌘K", () => {
    const { ran, press } = setUp(["t", "mod+k"]);
    const input = document.body.appendChild(document.createElement("input"));
    press("t", {}, input);
    press("k", { metaKey: true }, input);
    expect(ran).toEqual(["mod+k"]);
  });

  it("leaves single keys alone where they are turned off, but not ⌘K and Escape", () => {
    const ran: string[] = [];
    const bindings = new KeyBindings(
      () => 0,
      () => false,
    );
    bindings.register(
      ["t", "mod+k", "Escape"].map((keys) => ({
        keys,
        label: keys,
        group: "",
        run: () => void ran.push(keys),
      })),
    );
    for (const init of [{ key: "t" }, { key: "k", ctrlKey: true }, { key: "Escape" }]) {
      bindings.handle(new KeyboardEvent("keydown", init));
    }
    expect(ran).toEqual(["mod+k", "Escape"]);
  });

  it("leaves the space bar to a button that has the focus", () => {
    const { ran, press } = setUp([" "]);
    press(" ", {}, document.body.appendChild(document.createElement("button")));
    press(" ");
    expect(ran).toEqual([" "]);
  });

  it("takes a binding away when its component goes", () => {
    const { bindings, ran, press } = setUp(["x"]);
    const remove = bindings.register([
      { keys: "x", label: "", group: "", run: () => void ran.push("over") },
    ]);
    press("x");
    remove();
    press("x");
    expect(ran).toEqual(["over", "x"]);
  });
});
