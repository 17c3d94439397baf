/** A panel of the model as classic JSON again, so that panels of any age can be edited in today's spelling. */

import { type JsonObject, optional } from "./json-reader.ts";
import type { DashboardLink, FieldOptions, FieldOverride, Panel, Target } from "./model.ts";

/** JSON that readPanel turns into the same panel. */
export function writePanel(panel: Panel): JsonObject {
  const { id, type, title, description, gridPos, options, repeat, maxPerRow } = panel;
  const head = {
    id,
    type,
    title,
    ...(description === "" ? {} : { description }),
    gridPos: { ...gridPos },
    ...optional("repeat", repeat),
    ...(repeat === undefined ? {} : { repeatDirection: panel.repeatDirection }),
    ...optional("maxPerRow", maxPerRow),
  };
  if (type === "row") {
    return { ...head, collapsed: panel.isCollapsed, panels: panel.panels.map(writePanel) };
  }
  return {
    ...head,
    ...(panel.isTransparent ? { transparent: true } : {}),
    ...optional("datasource", panel.datasource),
    targets: panel.targets.map(writeTarget),
    transformations: panel.transformations.map(
      ({ id: kind, isDisabled, options: inner, filter }) => ({
        id: kind,
        options: inner,
        ...(isDisabled ? { disabled: true } : {}),
        ...optional("filter", filter),
      }),
    ),
    fieldConfig: {
      defaults: writeFieldOptions(panel.fieldConfig.defaults),
      overrides: panel.fieldConfig.overrides.map(writeOverride),
    },
    options,
    links: panel.links.map(writeLink),
    ...optional("interval", panel.interval),
    ...optional("maxDataPoints", panel.maxDataPoints),
    ...optional("timeFrom", panel.timeFrom),
    ...optional("timeShift", panel.timeShift),
  };
}

function writeTarget(target: Target): JsonObject {
  const { isInstant, isRange, isHidden, intervalFactor, interval, datasource, ...rest } = target;
  return {
    ...rest,
    instant: isInstant,
    range: isRange,
    ...(isHidden ? { hide: true } : {}),
    ...(intervalFactor === 1 ? {} : { intervalFactor }),
    ...optional("interval", interval),
    ...optional("datasource", datasource),
  };
}

function writeFieldOptions({ links, ...rest }: FieldOptions): JsonObject {
  return { ...rest, ...(links === undefined ? {} : { links: links.map(writeLink) }) };
}

function writeOverride({ matcher, properties }: FieldOverride): JsonObject {
  return {
    matcher,
    properties: properties.map(({ id, value }) => ({
      id,
      value: id === "links" && Array.isArray(value) ? value.map(writeLink) : value,
    })),
  };
}

function writeLink(link: DashboardLink): JsonObject {
  return {
    title: link.title,
    url: link.url,
    ...(link.tooltip === "" ? {} : { tooltip: link.tooltip }),
    targetBlank: link.opensNewTab,
    ...(link.tags === undefined ? {} : { type: "dashboards", tags: link.tags }),
    ...(link.isDropdown === true ? { asDropdown: true } : {}),
    ...(link.keepsTime === true ? { keepTime: true } : {}),
    ...(link.includesVariables === true ? { includeVars: true } : {}),
  };
}
