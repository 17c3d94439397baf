/** Colours by name: Grafana's hues in five shades, a few names of its themes, and those of CSS. */

/** Grafana's own themes; colours differ between them. */
export type ThemeName = "dark" | "light";

/** What an unknown or missing colour becomes. */
export const fallbackColor = "#808080";

const shades = ["super-light-", "light-", "", "semi-dark-", "dark-"];
/** Five shades, lightest first, and a sixth: a shade of the light theme is the next one of the dark theme. */
const hues: Readonly<Record<string, string>> = {
  red: "FFA6B0 FF7383 F2495C E02F44 C4162A AD0317",
  orange: "FFCB7D FFB357 FF9830 FF780A FA6400 E55400",
  yellow: "FFF899 FFEE52 FADE2A F2CC0C E0B400 CC9D00",
  green: "C8F2C2 96D98D 73BF69 56A64B 37872D 19730E",
  blue: "C0D8FF 8AB8FF 5794F2 3274D9 1F60C4 1250B0",
  purple: "DEB6F2 CA95E5 B877D9 A352CC 8F3BB8 7C2EA3",
};

const themeColors: Readonly<Record<ThemeName, ReadonlyMap<string, string>>> = {
  dark: new Map([
    ["transparent", "rgba(0,0,0,0)"],
    ["text", "rgb(204, 204, 220)"],
    ["panel-bg", "#181b1f"],
  ]),
  light: new Map([
    ["transparent", "rgba(255, 255, 255, 0)"],
    ["text", "rgba(36, 41, 46, 1)"],
    ["panel-bg", "#ffffff"],
  ]),
};

/** The CSS colour of a name; a CSS colour stays as it is, "" is the fallback. */
export function resolveColor(name: string | undefined, theme: ThemeName = "dark"): string {
  if (name === undefined || name === "") return fallbackColor;
  if (name.startsWith("#")) return name;
  return shadeColor(name, theme) ?? themeColors[theme].get(name) ?? cssColor(name) ?? name;
}

function shadeColor(name: string, theme: ThemeName): string | undefined {
  const hue = name.slice(name.lastIndexOf("-") + 1);
  const shadeIndex = shades.indexOf(name.slice(0, name.length - hue.length));
  if (shadeIndex < 0 || !Object.hasOwn(hues, hue)) return undefined;
  const index = theme === "dark" ? shadeIndex : shadeIndex + 1;
  return `#${hues[hue]?.split(" ")[index]}`;
}

/** Names of CSS with their hex digits, so that colours can be mixed and compared. */
const cssColors =
  "aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc " +
  "bisque ffe4c4 black 000000 blanchedalmond ffebcd blueviolet 8a2be2 brown a52a2a " +
  "burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 " +
  "cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b " +
  "darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b " +
  "darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 " +
  "darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f " +
  "darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff " +
  "dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 " +
  "forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 " +
  "goldenrod daa520 gray 808080 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 " +
  "indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 " +
  "lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff " +
  "lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 " +
  "lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa " +
  "lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 " +
  "limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa " +
  "mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 " +
  "mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 " +
  "midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead " +
  "navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orangered ff4500 orchid da70d6 " +
  "palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 " +
  "papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 " +
  "rebeccapurple 663399 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 " +
  "sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb " +
  "slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f " +
  "steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 " +
  "violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellowgreen 9acd32 ";

function cssColor(name: string): string | undefined {
  const start = ` ${cssColors}`.indexOf(` ${name} `);
  if (start < 0) return undefined;
  return `#${cssColors.slice(start + name.length + 1, start + name.length + 7)}`;
}

/** Red, green and blue (0…255) of a hex, rgb() or known colour; undefined otherwise. */
export function colorParts(color: string): readonly [number, number, number] | undefined {
  const hex = /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(color)?.[1];
  if (hex !== undefined) {
    const isShort = hex.length < 6;
    const part = (index: number) =>
      isShort
        ? Number.parseInt(`${hex[index]}${hex[index]}`, 16)
        : Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
    return [part(0), part(1), part(2)];
  }
  const match = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(color);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}
