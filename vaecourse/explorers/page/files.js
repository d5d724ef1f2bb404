// The data of an explorer's page: its manifest, the start images, and its weights, in the page or in separate files.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  /** Files loaded as scripts, in base64, by file name. */
  const arrived = {};
  vaecourse.receive = (name, base64) => (arrived[name] = base64);

  /** Loads the script beside the file, which has the same bytes: a page opened from disk can run scripts but not fetch. */
  const fetchFromDisk = (address) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address.replace(/\.bin$/, ".js");
      script.onload = () => resolve(bytesOf(arrived[address.split("/").pop()]).buffer);
      script.onerror = () => reject(new Error(`${script.src} is missing`));
      document.head.append(script);
    });

  /** Weights, either base64 in the page itself or a separate file. */
  const weightsOf = ({ dataset, textContent }) =>
    dataset.src ? fetchFile(dataset.src) : bytesOf(textContent.trim()).buffer;

  const fetchFile = async (address) => {
    if (location.protocol === "file:") return fetchFromDisk(address);
    const reply = await fetch(address);
    if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
    return reply.arrayBuffer();
  };

  vaecourse.Files = class Files {
    constructor(root) {
      this.manifest = JSON.parse(root.querySelector(".explorer-manifest").textContent);
      this.weights = [...root.querySelectorAll(".explorer-weights")];
      this.models = [];
    }

    /** A model with its weights, which are loaded at the first call. */
    async model(place) {
      this.models[place] ??= await vaecourse.Model.load(
        this.manifest.models[place],
        await weightsOf(this.weights[place]),
      );
      return this.models[place];
    }

    /** The same model with its encoder, whose weights are loaded at the first call. */
    async encoder(place) {
      const model = await this.model(place);
      const { manifest } = model;
      model.encoder ??= await vaecourse.Encoder.load(
        manifest,
        this.manifest.shape,
        await weightsOf(this.weights[manifest.encoder.file]),
      );
      return model;
    }

    /** The start images: values in [0, 1], channel last. */
    originals() {
      const bytes = bytesOf(this.manifest.originals);
      const size = bytes.length / this.manifest.names.length;
      const values = Float32Array.from(bytes, (byte) => byte / 255);
      return this.manifest.names.map((_, place) => values.subarray(place * size, (place + 1) * size));
    }
  };
})();
