// The start of an exploration: a test image, a draw from the prior, or a mix of two images.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, Choice, Picture, Slider } = vaecourse;
  const KINDS = ["test image", "prior", "mix of two"];
  const [IMAGE, PRIOR, MIX] = KINDS.keys();

  vaecourse.Start = class Start {
    kind = IMAGE;
    first = 0;
    second = 1;
    share = 0.5;
    seed = 1;

    /** `change` is called with a sentence whenever the reader chooses another start. */
    constructor({ shape, indices }, originals, change) {
      this.indices = indices;
      this.change = () => change(this.sentence);
      const thumbnails = (legend, key) => {
        const contents = indices.map((index, place) => {
          const picture = new Picture(shape);
          picture.draw(paint(shape, originals[place]));
          return { label: `test image ${index}`, content: picture.canvas };
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
      this.again = make("button", { type: "button", onclick: () => this.#set({ seed: this.seed + 1 }) }, "Draw again");
      this.note = make("p", { className: "explorer-note" });
      const parts = [this.note, this.firsts.node, this.seconds.node, this.mixing.node, this.again];
      this.node = make("div", { className: "explorer-start" }, ...parts);
    }

    #set(changes) {
      Object.assign(this, changes);
      this.#show();
      this.change();
    }

    #show() {
      this.kinds.value = this.kind;
      this.firsts.value = this.first;
      this.seconds.value = this.second;
      this.mixing.value = this.share;
      this.firsts.node.hidden = this.kind === PRIOR;
      this.seconds.node.hidden = this.mixing.node.hidden = this.kind !== MIX;
      this.again.hidden = this.kind !== PRIOR;
    }

    /** Sets the model; one without a prior starts from an image. */
    set model({ hasPrior, name }) {
      this.kinds.inputs[PRIOR].disabled = !hasPrior;
      this.kinds.inputs[MIX].disabled = this.indices.length < 2;
      this.note.textContent = hasPrior ? "" : `${name} has no prior: nothing says which codes its decoder knows.`;
      if (!hasPrior && this.kind === PRIOR) this.kind = IMAGE;
      this.#show();
    }

    /** Index of the start image, or null if the start is not an image. */
    get original() {
      return this.kind === IMAGE ? this.first : null;
    }

    get sentence() {
      const [first, second] = [this.first, this.second].map((place) => `test image ${this.indices[place]}`);
      if (this.kind === PRIOR) return `Draw ${this.seed} from the prior.`;
      if (this.kind === MIX) return `${Math.round(100 * this.share)} % of the way from ${first} to ${second}.`;
      return `Start: ${first}.`;
    }

    /** Codes of the start, and the standard deviations of their posterior, or null. */
    codes(model) {
      if (this.kind === PRIOR) return { codes: model.draw(this.seed), widths: null };
      if (this.kind === MIX) return { codes: model.mix(this.first, this.second, this.share), widths: null };
      return model.start(this.first);
    }
  };
})();
