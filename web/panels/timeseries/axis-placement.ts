/** Which axis a series belongs to: as asked, else by unit, the first unit on the left. Pure. */

/** What decides. */
export interface AxisWish {
  readonly placement: string;
  readonly unit: string;
}

/** "left" or "right" for each series; "hidden" keeps its scale on the left. */
export function placeAxes(wishes: readonly AxisWish[]): readonly ("left" | "right")[] {
  const leftUnit = wishes.find((wish) => wish.placement !== "right")?.unit;
  return wishes.map(({ placement, unit }) => {
    if (placement === "right") return "right";
    if (placement === "left" || placement === "hidden") return "left";
    return unit === leftUnit ? "left" : "right";
  });
}
