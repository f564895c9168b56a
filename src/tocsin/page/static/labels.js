// Labels that do not lie on one another: gravest first, four places each inside the canvas, none when all
// are taken (the table has them all).

const PLACES = [[10, -8], [10, 14], [-10, -8], [-10, 14]];
const HEIGHT = 14;

export class Labels {
  constructor(context, w, h) {
    this.context = context;
    this.w = w;
    this.h = h;
    this.taken = [];
  }

  /** Keep a rectangle free of labels. */
  block(x, y, w, h) {
    this.taken.push([x, y, x + w, y + h]);
  }

  put(text, x, y, colour, halo, bold = false) {
    const c = this.context;
    c.font = `${bold ? "600 " : ""}12px system-ui, "Noto Sans CJK JP", "Noto Sans KR", sans-serif`;
    const width = c.measureText(text).width;
    for (const [dx, dy] of PLACES) {
      const left = dx > 0 ? x + dx : x + dx - width;
      const box = [left - 2, y + dy - HEIGHT + 2, left + width + 2, y + dy + 3];
      if (box[0] < 0 || box[2] > this.w || box[1] < 0 || box[3] > this.h) continue;
      if (this.taken.some((t) => t[0] < box[2] && t[2] > box[0] && t[1] < box[3] && t[3] > box[1])) continue;
      this.taken.push(box);
      c.lineWidth = 3;
      c.lineJoin = "round";
      c.strokeStyle = halo;
      c.strokeText(text, left, y + dy);
      c.fillStyle = colour;
      c.fillText(text, left, y + dy);
      return true;
    }
    return false;
  }
}
