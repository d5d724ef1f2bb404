// The start of an exploration: a test image, a draw from the prior, a mix of two images, levels of two, or a drawing.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, Choice, Pad, Picture, Slider } = vaecourse;
  const KINDS = ["test image", "prior", "mix of two", "levels of two", "draw"];
  const [IMAGE, PRIOR, MIX, LEVELS, DRAW] = KINDS.keys();

  vaecourse.Start = class Start {
    kind = IMAGE;
    first = 0;
    second = 1;
    share = 0.5;
    kept = 1;
    seed = 1;

    /** `change` is called with a sentence whenever the reader chooses another start, and without while one draws. */
    constructor({ shape, names, models }, originals, change) {
      Object.assign(this, { names, originals });
      this.change = () => change(this.sentence);
      this.pad = models.some(({ encoder }) => encoder) ? new Pad(originals, names, (done) => change(done && this.sentence)) : null;
      const thumbnails = (legend, key) => {
        const contents = names.map((label, place) => {
          const picture = new Picture(shape);
          picture.draw(paint(shape, originals[place]));
          return { label, content: picture.canvas };
        });
        return new Choice(legend, contents, (place) => this.#set({ [key]: place }), "explorer-thumbnails");
      };
      this.kinds = new Choice("Start from", KINDS, (kind) => this.#set({ kind }), "explorer-segments");
      this.firsts = thumbnails("Image", "first");
      this.seconds = thumbnails("Second image", "second");
      this.mixing = new Slider({
        label: "share of the second",
        name: "share of the second image",
        low: 0,
        high: 1,
        move: (share) => this.#set({ share }),
      });
      this.keeping = make("div"); // its slider has a step for each level of the model
      this.again = make("button", { type: "button", onclick: () => this.#set({ seed: this.seed + 1 }) }, "Draw again");
      this.note = make("p", { className: "explorer-note" });
      const parts = [this.note, this.firsts.node, this.seconds.node, this.mixing.node, this.keeping, this.again];
      if (this.pad) parts.push(this.pad.node);
      this.node = make("div", { className: "explorer-start" }, ...parts);
    }

    #set(changes) {
      Object.assign(this, changes);
      this.#show();
      this.change();
    }

    /** Takes the levels from `kept` upwards, counted from 0, from the first image. */
    keep(kept) {
      this.#set({ kept });
    }

    #show() {
      this.kinds.value = this.kind;
      this.firsts.value = this.first;
      this.seconds.value = this.second;
      this.mixing.value = this.share;
      if (this.keeper) this.keeper.value = this.kept;
      this.firsts.node.hidden = this.kind === PRIOR || this.isDrawing;
      this.seconds.node.hidden = this.kind !== MIX && this.kind !== LEVELS;
      this.mixing.node.hidden = this.kind !== MIX;
      this.keeping.hidden = this.kind !== LEVELS;
      this.again.hidden = this.kind !== PRIOR;
      if (this.pad) this.pad.node.hidden = !this.isDrawing;
    }

    /** Sets the model; one that lacks the present kind of start begins with an image. */
    set model({ hasPrior, hierarchy, name, levels, encoder }) {
      const several = this.names.length > 1;
      const offered = [true, hasPrior, several, several && hierarchy, Boolean(encoder)];
      offered.forEach((possible, kind) => (this.kinds.inputs[kind].disabled = !possible));
      this.kinds.inputs[LEVELS].parentNode.hidden = !hierarchy;
      this.kinds.inputs[DRAW].parentNode.hidden = !encoder;
      this.note.textContent = hasPrior ? "" : `${name} has no prior: nothing says which codes its decoder knows.`;
      if (!offered[this.kind]) this.kind = IMAGE;
      this.levels = levels.length;
      this.kept = Math.min(this.kept, this.levels);
      this.keeper = new Slider({
        name: "levels of the first image",
        low: 0,
        high: this.levels,
        step: 1,
        describe: (kept) => this.#described(kept),
        move: (kept) => this.#set({ kept }),
      });
      this.keeping.replaceChildren(this.keeper.node);
      this.#show();
    }

    #described(kept) {
      if (kept === 0) return "all levels from the first image";
      if (kept === this.levels) return "all levels from the second image";
      const upper = kept + 1 < this.levels ? `levels ${kept + 1} to ${this.levels}` : `level ${this.levels}`;
      const lower = kept > 1 ? `levels 1 to ${kept}` : "level 1";
      return `${upper} from the first image, ${lower} from the second`;
    }

    get isDraw() {
      return this.kind === PRIOR;
    }

    get mixesLevels() {
      return this.kind === LEVELS;
    }

    get isDrawing() {
      return this.kind === DRAW;
    }

    /** Starts from a test image. */
    useImage() {
      this.#set({ kind: IMAGE });
    }

    /** Index of the start image, or null if the start is not a test image. */
    get original() {
      return this.kind === IMAGE ? this.first : null;
    }

    /** The values of the picture that the codes are those of, or null if there is none. */
    get picture() {
      if (this.isDrawing) return this.pad.image;
      return this.kind === IMAGE ? this.originals[this.first] : null;
    }

    get sentence() {
      const [first, second] = [this.names[this.first], this.names[this.second]];
      if (this.kind === PRIOR) return `Draw ${this.seed} from the prior.`;
      if (this.kind === MIX) return `${Math.round(100 * this.share)} % of the way from ${first} to ${second}.`;
      if (this.isDrawing && this.pad.isEmpty) return "The pad is empty: the model sees a black picture.";
      if (this.isDrawing) return "Your drawing.";
      if (this.kind === LEVELS) return `First ${first}, second ${second}: ${this.#described(this.kept)}.`;
      return `Start: ${first}.`;
    }

    /** Codes of the start, and the standard deviations of their posterior, or null. */
    codes(model, temperature) {
      if (this.kind === PRIOR) return { codes: model.draw(this.seed, temperature), widths: null };
      if (this.kind === MIX) return { codes: model.mix(this.first, this.second, this.share), widths: null };
      if (this.kind === LEVELS) return { codes: model.mixLevels(this.first, this.second, this.kept), widths: null };
      if (this.isDrawing) return model.read(this.pad.image);
      return model.start(this.first);
    }
  };
})();
