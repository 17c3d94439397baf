/** YAML as this project writes it: two spaces, lists at their key's column, comments kept. */

import { parseAllDocuments } from "yaml";

/** The formatted text; undefined where the text cannot be read, so that nothing of it is lost. */
export function formatYaml(text: string): string | undefined {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) {
    return undefined;
  }
  const written = documents.map((document) =>
    document.toString({ indent: 2, indentSeq: false, lineWidth: 0 }),
  );
  return written.join("");
}
