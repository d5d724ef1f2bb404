// What the page of an explorer holds: its manifest, the images to start from, and its weights, or where their files are.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  /** Files that arrived as scripts, in base64, by their address. */
  const arrived = {};
  vaecourse.receive = (name, base64) => (arrived[name] = base64);

  /** On a page opened from disk the browser refuses to fetch, but runs scripts: beside each file lies one with the same bytes. */
  const fetchFromDisk = (address) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address.replace(/\.bin$/, ".js");
      script.onload = () => resolve(bytesOf(arrived[address.split("/").pop()]).buffer);
      script.onerror = () => reject(new Error(`${script.src} is missing`));
      document.head.append(script);
    });

  /** Weights that stand in the page itself, as base64, or in a file of their own. */
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

    /** A model with its weights, which travel when it is asked for the first time. */
    async model(place) {
      this.models[place] ??= await vaecourse.Model.load(
        this.manifest.models[place],
        await weightsOf(this.weights[place]),
      );
      return this.models[place];
    }

    /** The images to start from: values in [0, 1], channels of a pixel together. */
    originals() {
      const bytes = bytesOf(this.manifest.originals);
      const size = bytes.length / this.manifest.indices.length;
      const values = Float32Array.from(bytes, (byte) => byte / 255);
      return this.manifest.indices.map((_, place) => values.subarray(place * size, (place + 1) * size));
    }
  };
})();
