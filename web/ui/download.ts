/** Gives the user a file that the page made. */

/** Downloads `text` as a file called `name`. */
export function downloadText(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** A title as a file's name: what file systems refuse becomes a dash. */
export function fileName(title: string, otherwise: string): string {
  return title.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || otherwise;
}
