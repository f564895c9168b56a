// Colours of the canvas. Levels: the five-level palette of Japan's Cabinet Office (12-0-12, 170-0-170, 255-40-0, 242-231-0,
// 242-242-255), chosen to be told apart with every kind of colour vision; each level also has its own hatching and number.

export const INK = {
  sea: "#0a141c",
  land: "#1c2932",
  coast: "#3c505e",
  grid: "#14212b",
  area: "#34464f",
  ownArea: "#5b7683",
  text: "#dfe7ee",
  dim: "#8b9aa7",
  halo: "#060b10",
  fused: "#ffffff",
  own: "#56b4e9", // Okabe and Ito's sky blue
  partner: "#e69fd0",
  other: "#b9c46a",
  air: "#71808c",
  sensor: "#7fa99b",
  launch: "#f5c26b",
};

export const LEVELS = {
  5: { fill: "#0c000c", line: "#ffffff", hatch: "cross" },
  4: { fill: "#aa00aa", line: "#f3c4f3", hatch: "rising" },
  3: { fill: "#ff2800", line: "#ffd0c4", hatch: "falling" },
  2: { fill: "#f2e700", line: "#fffbd0", hatch: "level" },
  1: { fill: "#f2f2ff", line: "#f2f2ff", hatch: "dots" },
};

const SIZE = 10; // px of one tile of hatching
const STROKES = {
  cross: [[0, SIZE, SIZE, 0], [0, 0, SIZE, SIZE]],
  rising: [[0, SIZE, SIZE, 0], [-2, 2, 2, -2], [SIZE - 2, SIZE + 2, SIZE + 2, SIZE - 2]],
  falling: [[0, 0, SIZE, SIZE], [-2, SIZE - 2, 2, SIZE + 2], [SIZE - 2, -2, SIZE + 2, 2]],
  level: [[0, SIZE / 2, SIZE, SIZE / 2]],
  dots: [[4, 4, 6, 4], [4, 5, 6, 5]],
};
const tiles = new Map();

/** The hatching of a level, as a repeating pattern for `context`. */
export function hatching(context, level) {
  if (!tiles.has(level)) tiles.set(level, drawTile(LEVELS[level]));
  return context.createPattern(tiles.get(level), "repeat");
}

function drawTile({ fill, line, hatch }) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = SIZE;
  const c = tile.getContext("2d");
  c.globalAlpha = hatch === "cross" ? 0.9 : hatch === "dots" ? 0.1 : 0.55;
  c.fillStyle = fill;
  c.fillRect(0, 0, SIZE, SIZE);
  c.globalAlpha = 0.75;
  c.strokeStyle = line;
  c.lineWidth = 1.2;
  for (const [x1, y1, x2, y2] of STROKES[hatch]) {
    c.beginPath();
    c.moveTo(x1, y1);
    c.lineTo(x2, y2);
    c.stroke();
  }
  return tile;
}
