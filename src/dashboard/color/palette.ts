/** Grafana's palettes: colours of series by their number or their name. */

import { colorParts, resolveColor, type ThemeName } from "./named-color.ts";

/** The classic palette, in order; names are resolved per theme. */
const classicPalette = (
  "green semi-dark-yellow blue orange red purple dark-green dark-yellow dark-blue dark-orange " +
  "dark-red dark-purple super-light-green super-light-yellow super-light-blue super-light-orange " +
  "super-light-red super-light-purple #447EBC #C15C17 #890F02 #0A437C #6D1F62 #584477 #B7DBAB " +
  "#F4D598 #70DBED #F9BA8F #F29191 #82B5D8 #E5A8E2 #AEA2E0 #629E51 #E5AC0E #64B0C8 #E0752D " +
  "#BF1B00 #0A50A1 #962D82 #614D93 #9AC48A #F2C96D #65C5DB #F9934E #EA6460 #5195CE #D683CE " +
  "#806EB7 #3F6833 #967302 #2F575E #99440A #58140C #052B51 #511749 #3F2B5B #E0F9D7 #FCEACA " +
  "#CFFAFF #F9E2D2 #FCE2DE #BADFF4 #F9D9F9 #DEDAF7"
).split(" ");

const colorblindPalette = "0072B2 E69F00 009E73 CC79A7 56B4E9 D55E00 F0E442 000000 FFFFFF";

const categoricalPalettes: Readonly<Record<string, string>> = {
  "palette-categorical-next":
    "D97E9B FFC554 41CD94 64A6D8 F79CFF E78A5F C9E1A6 00CFE3 9B93DF FFB2BE CEA82E 9CF2D6 8FC3FF " +
    "CE84C1 FFC39D 89C862 41AEC7 CDB9FF EF8488 E7DB98 00D8BE 759EE6 FFB1E1 EE9941 BAF2B8 54D3FF " +
    "B78EE2 FF645A C0BD2F 8FFFF6 B4C7FF EB85B5 FFD49F 58DB89 46ABDE EABCFF FF8E6F DEED9F 00DFE5 " +
    "959DF6",
  "palette-categorical-next-2":
    "63B564 DED188 84B1FF FFDBBC FFA8AA C986E6 FFC4D4 9BCB35 D3EFFF F8B4D2 A6B924 AFE8FF FF97DA " +
    "AAA720 81E3FB F386E2 FFE397 84D6E1 D784DF FED283 00D4DA F2E7FF F3C48A 00C9C0 E4DAFF FFAC74 " +
    "00BEA7 D2CFFF FF9767 9DFFDF BDC4FF FE8260 93F4C5 A4BAFF EA796E 9FE3B3 74B6FF FFD8DD 89E04D " +
    "3BAFFE",
  "palette-categorical-next-3":
    "63B564 88DDFE CA94FF FFD8D3 CFCB00 00BEB5 C7D5FF FF8DC4 FFE5C7 9FDCB0 00BBFF F0D0FF FFA48B " +
    "9BAC32 7CE6E9 A3ABFF FFDAE4 E1C18A 1DC58A B7DFFF F38EFC FFE7DD BED997 00C5D8 DEDCFF FFA4B3 " +
    "C79E00 8BEBCC 7DBBFF FFDCF8 F5BB95 7DC053 9BEAFF C5ADFF EA777E E0D287 00CEB5 D5E4FF FFA1DC " +
    "E88E29",
};

/** Colours closer to the background than this are left out of the palettes by name and for colour blindness. */
const contrastMin = 3;

/** Colours of a palette mode in a theme; undefined where the mode has none. */
export function paletteColors(mode: string, theme: ThemeName): readonly string[] | undefined {
  switch (mode) {
    case "palette-classic":
      return classicPalette.map((name) => resolveColor(name, theme));
    case "palette-classic-by-name":
      return classicPalette
        .map((name) => resolveColor(name, theme))
        .filter((color) => isReadable(color, theme));
    case "palette-colorblind":
      return hexList(colorblindPalette).filter((color) => isReadable(color, theme));
    default: {
      const list = Object.hasOwn(categoricalPalettes, mode) ? categoricalPalettes[mode] : undefined;
      return list === undefined ? undefined : hexList(list);
    }
  }
}

/** The name (not yet resolved) that the classic palette has for a text: always the same one for the same text. */
export function colorNameOfText(text: string): string {
  return classicPalette[hashText(text) % classicPalette.length] ?? "";
}

/** 32-bit hash of a text, from its end. */
export function hashText(text: string): number {
  let hash = 5381;
  for (let index = text.length - 1; index >= 0; index--) {
    hash = Math.imul(hash, 33) ^ text.charCodeAt(index);
  }
  return hash >>> 0;
}

function hexList(list: string): string[] {
  return list.split(" ").map((hex) => `#${hex}`);
}

function isReadable(color: string, theme: ThemeName): boolean {
  const background = luminance(resolveColor("panel-bg", theme));
  const own = luminance(color);
  const [low, high] = own < background ? [own, background] : [background, own];
  return (high + 0.05) / (low + 0.05) >= contrastMin;
}

/** Relative luminance of the WCAG. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (colorParts(color) ?? [0, 0, 0]).map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
