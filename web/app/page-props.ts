/** What the router hands to a page. */

/** What a page's component gets: the parts of the address that its pattern names. */
export interface PageProps {
  readonly segments: Readonly<Record<string, string>>;
}
