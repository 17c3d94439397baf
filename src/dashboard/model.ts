/**
 * Grafana's dashboard model after normalising: the names of its newest v1 JSON (schema 42), every
 * older spelling already migrated, every absent field filled with its default. Plain data,
 * browser-safe. What was not understood is a sentence in `problems`, never silence.
 */

/** A dashboard as it is drawn. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** "browser", "utc" or an IANA zone. */
  readonly timezone: string;
  /** Range shown first: "now-1h" … "now". */
  readonly time: { readonly from: string; readonly to: string };
  /** "30s"; "" is off. */
  readonly refresh: string;
  /** What a hovered panel shares with the others. */
  readonly crosshair: "off" | "crosshair" | "tooltip";
  readonly variables: readonly Variable[];
  /** Rows and panels from top to bottom; a collapsed row holds its panels itself. */
  readonly panels: readonly Panel[];
  readonly links: readonly DashboardLink[];
  readonly annotations: readonly AnnotationQuery[];
  /** Panels in all, rows not counted, those of collapsed rows included. */
  readonly panelCount: number;
  readonly schemaVersion: number;
}

export interface DashboardLink {
  readonly title: string;
  readonly url: string;
  readonly tooltip: string;
  readonly opensNewTab: boolean;
  /** A list of dashboards with these tags instead of a URL. */
  readonly tags?: readonly string[];
  /** The list folds into one button. */
  readonly isDropdown?: boolean;
  /** Takes the page's time range along. */
  readonly keepsTime?: boolean;
  /** Takes the choices of the variables along. */
  readonly includesVariables?: boolean;
}

/** A query whose results are drawn as events over the panels. */
export interface AnnotationQuery {
  readonly name: string;
  /** "samples": each value that is not zero; "changes": where the value changes. */
  readonly kind: "samples" | "changes";
  readonly expr: string;
  /** Texts with `{{label}}`. */
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly tagKeys: readonly string[];
  readonly color: string;
  readonly isEnabled: boolean;
  /** Has no switch above the dashboard. */
  readonly isHidden: boolean;
  /** The value is the event's time, ms. */
  readonly usesValueForTime: boolean;
  readonly step?: string;
  /** The panels that show it, or all but these. */
  readonly panels?: { readonly ids: readonly number[]; readonly isExcluded: boolean };
}

/** Position on the 24-column grid; a unit of height is 38 px. */
export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A data source as a panel names it: its kind and a uid that may be a variable; undefined = the default. */
export interface DataSourceRef {
  readonly type?: string;
  readonly uid?: string;
}

/** A row or a panel. */
export interface Panel {
  readonly id: number;
  /** Grafana's panel type after migration: "timeseries", "stat", "row"… */
  readonly type: string;
  /** The type in the file where a migration changed it. */
  readonly originalType?: string;
  readonly title: string;
  readonly description: string;
  readonly isTransparent: boolean;
  readonly gridPos: GridPosition;
  readonly datasource?: DataSourceRef;
  readonly targets: readonly Target[];
  readonly transformations: readonly Transformation[];
  readonly fieldConfig: FieldConfig;
  /** Options of the panel kind, raw. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly links: readonly DashboardLink[];
  /** Variable that the panel or row is repeated for. */
  readonly repeat?: string;
  readonly repeatDirection: "h" | "v";
  readonly maxPerRow?: number;
  /** Minimum step, as written. */
  readonly interval?: string;
  readonly maxDataPoints?: number;
  readonly timeFrom?: string;
  readonly timeShift?: string;
  /** Row only. */
  readonly isCollapsed: boolean;
  /** Row only: the panels of a collapsed row. */
  readonly panels: readonly Panel[];
  /** A sentence for each thing of the file that is not drawn. */
  readonly problems: readonly string[];
}

/** One query of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  /** How the answer is asked for; both may be true (a range and an instant query). */
  readonly isRange: boolean;
  readonly isInstant: boolean;
  readonly format: "time_series" | "table" | "heatmap";
  /** Minimum step of this query, as written. */
  readonly interval?: string;
  readonly intervalFactor: number;
  readonly isHidden: boolean;
  readonly datasource?: DataSourceRef;
}

export interface Transformation {
  readonly id: string;
  readonly isDisabled: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly filter?: unknown;
}

export interface FieldConfig {
  readonly defaults: FieldOptions;
  readonly overrides: readonly FieldOverride[];
}

export interface ThresholdStep {
  /** null is -Infinity: the base. */
  readonly value: number | null;
  readonly color: string;
}

export interface Thresholds {
  readonly mode: "absolute" | "percentage";
  readonly steps: readonly ThresholdStep[];
}

export interface FieldColor {
  /** "fixed", "palette-classic", "thresholds", "continuous-GrYlRd"… */
  readonly mode: string;
  readonly fixedColor?: string;
  readonly seriesBy?: string;
}

export interface MappingResult {
  readonly text?: string;
  readonly color?: string;
  readonly icon?: string;
  readonly index?: number;
}

export type ValueMapping =
  | { readonly type: "value"; readonly options: Readonly<Record<string, MappingResult>> }
  | {
      readonly type: "range";
      readonly options: {
        readonly from: number | null;
        readonly to: number | null;
        readonly result: MappingResult;
      };
    }
  | {
      readonly type: "regex";
      readonly options: { readonly pattern: string; readonly result: MappingResult };
    }
  | {
      readonly type: "special";
      readonly options: { readonly match: string; readonly result: MappingResult };
    };

/** How a field's values are shown. Absent = Grafana's default. */
export interface FieldOptions {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** The range is that of the field's own values instead of all fields'. */
  readonly fieldMinMax?: boolean;
  readonly displayName?: string;
  /** What null counts as where values are reduced. */
  readonly nullValueMode?: "connected" | "null" | "null as zero";
  readonly noValue?: string;
  readonly color?: FieldColor;
  readonly thresholds?: Thresholds;
  readonly mappings?: readonly ValueMapping[];
  readonly links?: readonly DashboardLink[];
  /** Options of the panel kind: drawStyle, lineWidth, fillOpacity, stacking… raw. */
  readonly custom: Readonly<Record<string, unknown>>;
}

export interface FieldOverride {
  /** `scope` "nested": the fields of tables within cells. */
  readonly matcher: { readonly id: string; readonly options?: unknown; readonly scope?: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

/** A dashboard variable. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type:
    | "query"
    | "datasource"
    | "custom"
    | "interval"
    | "constant"
    | "textbox"
    | "adhoc"
    | "other";
  /** The query, the options list, the constant or the text. */
  readonly query: string;
  readonly regex: string;
  readonly isMulti: boolean;
  readonly includesAll: boolean;
  /** What All stands for; undefined: all options. */
  readonly allValue?: string;
  /** Grafana's 0..8. */
  readonly sort: number;
  /** Read anew when the dashboard loads or when the time range changes. */
  readonly refresh: "load" | "time";
  readonly isHidden: boolean;
  /** Values chosen in the file; "$__all" for All; empty: choose the first. */
  readonly current: readonly string[];
  /** Options stored in the file (custom, interval, and query without refresh). */
  readonly options: readonly { readonly text: string; readonly value: string }[];
  readonly datasource?: DataSourceRef;
  /** Interval only: offers a value that is the range over so many steps, not below `minInterval`. */
  readonly auto?: { readonly stepCount: number; readonly minInterval: string };
}
