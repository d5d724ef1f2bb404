// The data of an explorer's page: its manifest, the start images, and its weights, in the page or in separate files.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

  const inflate = async (bytes) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  /** Files loaded as scripts, in base64, by file name. */
  const arrived = {};
  vaecourse.receive = (name, base64) => (arrived[name] = base64);

  /** Loads the script beside the file, which has the same bytes: a page opened from disk can run scripts but not fetch. */
  const fetchFromDisk = (address) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address.replace(/\.bin$/, ".js");
      script.onload = () => {
        try {
          resolve(bytesOf(arrived[address.split("/").pop()]).buffer);
        } catch (error) {
          reject(error); // a damaged script: it brought nothing, or no base64
        }
      };
      script.onerror = () => reject(new Error(`${script.src} is missing`));
      document.head.append(script);
    });

  /** Weights, either base64 in the page itself or a separate file. */
  const weightsOf = ({ dataset, textContent }) =>
    dataset.src ? fetchFile(dataset.src) : bytesOf(textContent.trim()).buffer;

  const STALL = 20_000; // milliseconds without a byte after which a reply is given up, so that the reader can try again

  const fetchFromSite = async (address) => {
    const stalled = new AbortController();
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(new Error(`${address} has stalled`)), vaecourse.stall ?? STALL);
    };
    try {
      wait();
      // Not from the browser's cache without asking: what was damaged on its way would stay there.
      const reply = await fetch(address, { signal: stalled.signal, cache: "no-cache" });
      if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
      const chunks = [];
      for (const reader = reply.body.getReader(); ; wait()) {
        const { done, value } = await reader.read();
        if (done) return await new Blob(chunks).arrayBuffer();
        chunks.push(value);
      }
    } finally {
      clearTimeout(timer);
    }
  };

  /** A file, if it is the one that its name, the beginning of its SHA-256, promises. */
  const fetchFile = async (address) => {
    const buffer = await (location.protocol === "file:" ? fetchFromDisk : fetchFromSite)(address);
    const promised = address.split("/").pop().split(".")[0];
    if (!globalThis.crypto?.subtle) return buffer; // on pages without encryption browsers offer no sums
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
    const found = Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (!found.startsWith(promised)) throw new Error(`${address} is not the file of its name`);
    return buffer;
  };

  vaecourse.Files = class Files {
    constructor(root) {
      this.manifest = JSON.parse(root.querySelector(".explorer-manifest").textContent);
      this.weights = [...root.querySelectorAll(".explorer-weights")];
      this.models = [];
    }

    /** A model with its weights, which are loaded at the first call. */
    async model(place) {
      if (!this.models[place]) {
        const part = this.manifest.models[place];
        const weights = await weightsOf(this.weights[place]);
        if (weights.byteLength !== part.bytes) throw new Error(`${weights.byteLength} bytes of weights, not ${part.bytes}`);
        this.models[place] = await vaecourse.Model.load(part, weights);
      }
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
    async originals() {
      const bytes = await inflate(bytesOf(this.manifest.originals));
      const size = bytes.length / this.manifest.names.length;
      const values = Float32Array.from(bytes, (byte) => byte / 255);
      return this.manifest.names.map((_, place) => values.subarray(place * size, (place + 1) * size));
    }
  };
})();
