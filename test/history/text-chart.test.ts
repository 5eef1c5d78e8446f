import { expect, test } from "vitest";
import { textChart } from "../../src/commands/text-chart.ts";

const label = (value: number): string => value.toFixed(1).padStart(5);

test("a line rises, rests and falls between its lowest and its highest value", () => {
  expect(textChart([10, 10, 14, 13, 12], { height: 4, label }).split("\n")).toEqual([
    " 14.0 ┤ ╭╮",
    " 13.0 ┤ │╰╮",
    " 12.0 ┤ │ ╰",
    " 11.0 ┤ │",
    " 10.0 ┼─╯",
  ]);
});

test("the axis is marked where the line begins", () => {
  expect(textChart([2, 0], { height: 1, label }).split("\n")).toEqual(["  2.0 ┼╮", "  0.0 ┤╰"]);
});
