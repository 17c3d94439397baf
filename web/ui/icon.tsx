/** Line icons on a 16 px grid, drawn for this page. Decoration only: the control carries the name. */

const paths = {
  overview: "M2.4 11.6a5.8 5.8 0 1 1 11.2 0M8 11.4 10.7 7M2.4 11.6h1.7M11.9 11.6h1.7",
  dashboards: "M2.3 2.3h5v7h-5zM9.2 2.3h4.5v4H9.2zM2.3 11.2h5v2.5h-5zM9.2 8.2h4.5v5.5H9.2z",
  explore: "M2.6 4.2 6.2 8l-3.6 3.8M8.2 12.2h5.2",
  targets:
    "M8 13.7A5.7 5.7 0 1 0 8 2.3a5.7 5.7 0 0 0 0 11.4M8 10.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8M8 8h.01",
  search: "M7 11.6a4.6 4.6 0 1 0 0-9.2 4.6 4.6 0 0 0 0 9.2M10.5 10.5l3.2 3.2",
  clock: "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6M8 4.8V8l2.3 1.5",
  refresh: "M13.4 8a5.4 5.4 0 1 1-1.6-3.8M13.4 2.2v2.9h-2.9",
  down: "M4.4 6.4 8 10l3.6-3.6",
  right: "M6.4 4.4 10 8l-3.6 3.6",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  menu: "M2.6 4.2h10.8M2.6 8h10.8M2.6 11.8h10.8",
  sun: "M8 10.9a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8M8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M3.3 12.7l1-1M11.7 4.3l1-1",
  moon: "M13 9.6A5.4 5.4 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6",
  dots: "M3.4 8h.01M8 8h.01M12.6 8h.01",
  copy: "M5.6 5.6h7.8v7.8H5.6zM10.4 5.4V2.6H2.6v7.8h2.8",
  link: "M6.7 9.3a2.7 2.7 0 0 0 3.8 0l2.2-2.2a2.7 2.7 0 0 0-3.8-3.8l-.9.9M9.3 6.7a2.7 2.7 0 0 0-3.8 0L3.3 8.9a2.7 2.7 0 0 0 3.8 3.8l.9-.9",
  upload: "M8 10.4V2.8M4.9 5.7 8 2.6l3.1 3.1M2.6 13.4h10.8",
  download: "M8 2.6v7.6M4.9 7.3 8 10.4l3.1-3.1M2.6 13.4h10.8",
  history: "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.5 2.5v2.8h2.8M8 5v3.1l2 1.2",
  info: "M8 13.8A5.8 5.8 0 1 0 8 2.2a5.8 5.8 0 0 0 0 11.6M8 7.4v3.5M8 5.2v.01",
  back: "M10.4 3.6 6 8l4.4 4.4M3.6 3.6v8.8",
  forward: "M5.6 3.6 10 8l-4.4 4.4M12.4 3.6v8.8",
  trash: "M3 4.4h10M6.2 4.4V2.8h3.6v1.6M4.4 4.4l.6 8.8h6l.6-8.8",
  expand: "M9.6 2.6h3.8v3.8M6.4 13.4H2.6V9.6M13.2 2.8 9.4 6.6M2.8 13.2l3.8-3.8",
  table: "M2.4 3h11.2v10H2.4zM2.4 6.4h11.2M6.6 6.4V13",
  metric: "M2.4 12.4 6 7.6l2.6 2.6 4.8-6.4",
  label: "M2.6 8.4V2.6h5.8l5 5-5.8 5.8zM5.4 5.4h.01",
  keyboard: "M1.8 4.2h12.4v7.6H1.8zM4.4 6.6h.01M7 6.6h.01M9.6 6.6h.01M12 6.6h.01M5 9.4h6",
  filter: "M2.4 3.4h11.2L9.4 8.4v4.2l-2.8 1V8.4z",
  columns: "M2.4 3h11.2v10H2.4zM6.1 3v10M9.9 3v10",
  group: "M2.4 3.6h11.2M5.4 8h8.2M5.4 12.4h8.2M2.6 8h.01M2.6 12.4h.01",
  collapse: "M13.2 2.8 9.4 6.6M9.4 3.2v3.4h3.4M2.8 13.2l3.8-3.8M6.6 12.8V9.4H3.2",
  pause: "M5.4 3.4v9.2M10.6 3.4v9.2",
  play: "M5.2 3.2v9.6l7.4-4.8z",
  bell: "M4 11.2V7a4 4 0 0 1 8 0v4.2l1 1H3zM6.8 14h2.4",
  cardinality: "M2.4 13.6h11.2M4 13.2V8.6M7 13.2V4.6M10 13.2V7M13 13.2V2.6",
  settings: "M2.4 4.6h6.2M11.8 4.6h1.8M10.2 3v3.2M2.4 11.4h1.8M7.4 11.4h6.2M5.8 9.8V13",
  map: "M3.6 5.6a1.9 1.9 0 1 0 0-.01M12.4 3.8a1.6 1.6 0 1 0 0-.01M11 12.3a1.9 1.9 0 1 0 0-.01M5.4 5l5.4-1M5 7l4.6 4.1M12.2 5.6l-.7 4.6",
  flows: "M2.5 4h11M2.5 8h7M2.5 12h9M11.5 6.2 13.4 8l-1.9 1.8",
  policies: "M8 1.9 13 3.7v3.9c0 3.2-2.2 5.3-5 6.5-2.8-1.2-5-3.3-5-6.5V3.7zM5.8 8l1.6 1.6 2.9-3.2",
  endpoints: "M8 1.9 13.3 5v6L8 14.1 2.7 11V5zM8 8l5.2-3M8 8v6M8 8 2.8 5",
  doctor:
    "M4.2 2.4v3.4a3 3 0 0 0 6 0V2.4M7.2 8.8v1.6a3 3 0 0 0 5.9 0V8.6M13.1 8.4a1.2 1.2 0 1 0-.01 0",
  edit: "M3 13l.6-2.9 7.2-7.2 2.3 2.3-7.2 7.2zM9.4 4.3l2.3 2.3",
  studio:
    "M4 2.5v4.2M4 9.6v3.9M8 2.5v1.6M8 7v6.5M12 2.5v6.4M12 11.8v1.7M2.6 8.2h2.8M6.6 5.5h2.8M10.6 10.4h2.8",
} as const;

/** A name of the table above. */
export type IconName = keyof typeof paths;

/** One icon, 14 px, in the text's colour. */
export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
