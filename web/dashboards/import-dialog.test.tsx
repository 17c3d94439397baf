// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { type RenderedPage, renderPage } from "../testing/render-page.tsx";

afterEach(cleanup);

const importPath = "/api/ciliascope/v1/dashboards";

/** The list page with its dialog open; a file named broken is refused. */
async function openDialog(): Promise<RenderedPage> {
  const page = renderPage("/dashboards", {
    [importPath]: (url: URL) => {
      const name = url.searchParams.get("name");
      if (name === null) return [];
      return name.startsWith("broken")
        ? Response.json({ error: "line 3: no JSON" }, { status: 400 })
        : { uid: name.replace(".json", ""), problems: [] };
    },
  });
  fireEvent.click(await screen.findByRole("button", { name: /^Import/ }));
  await screen.findByRole("dialog", { name: "Import a Grafana dashboard" });
  return page;
}

function file(name: string, path = ""): File {
  const made = new File(["{}"], name);
  Object.defineProperty(made, "text", { value: () => Promise.resolve("{}") });
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  return made;
}

const namesAsked = ({ asked }: RenderedPage) =>
  asked.flatMap((url) => new URL(url, "http://x").searchParams.get("name") ?? []);

it("imports the JSON files of a folder and says of each what came of it", async () => {
  const page = await openDialog();
  fireEvent.change(screen.getByLabelText("A folder of dashboards"), {
    target: {
      files: [
        file("a.json", "boards/a.json"),
        file("read.me", "boards/read.me"),
        file("broken.json", "boards/in/broken.json"),
        file("B.JSON", "boards/in/B.JSON"),
      ],
    },
  });
  expect(await screen.findByText(/boards\/a\.json imported/)).toBeTruthy();
  expect(screen.getByText(/boards\/in\/B\.JSON imported/)).toBeTruthy();
  expect(screen.getByText(/boards\/in\/broken\.json: .*line 3: no JSON/)).toBeTruthy();
  expect(namesAsked(page)).toEqual(["a.json", "broken.json", "B.JSON"]);
  const [first] = screen.getAllByRole("link", { name: "Open it" });
  expect(first?.getAttribute("href")).toMatch(/^\/d\/a\b/);
});

it("reads a dropped folder to its depths, whose entries come in parts", async () => {
  const page = await openDialog();
  const entry = (one: File) => ({ isFile: true, file: (done: (file: File) => void) => done(one) });
  const folder = (...parts: object[][]) => ({
    isDirectory: true,
    createReader: () => {
      const left = [...parts];
      return { readEntries: (done: (part: object[]) => void) => done(left.shift() ?? []) };
    },
  });
  const inner = folder([entry(file("c.json"))]);
  const outer = folder([entry(file("a.json"))], [inner, entry(file("b.json"))]);
  fireEvent.drop(screen.getByText(/Drop dashboards' JSON files/), {
    dataTransfer: { items: [{ webkitGetAsEntry: () => outer }], files: [] },
  });
  await waitFor(() => expect(namesAsked(page)).toEqual(["a.json", "c.json", "b.json"]));
});

it("says that a folder holds no JSON file", async () => {
  const page = await openDialog();
  fireEvent.change(screen.getByLabelText("A folder of dashboards"), {
    target: { files: [file("read.me")] },
  });
  expect(await screen.findByText("There is no JSON file among them.")).toBeTruthy();
  expect(namesAsked(page)).toEqual([]);
});
