import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const positionsExplanation: Explanation = {
  view: "positions",
  words: html`<p>
    Attention by itself does not know in which order tokens come: shuffle the keys, and the weights are
    shuffled with them. A model must be told. It can <b>add</b> something to each token's vector, a learned
    table or waves of many lengths (sinusoidal); it can <b>turn</b> queries and keys by an angle that grows
    with the position, so that their product depends on the distance (RoPE); or it can
    <b>add to the scores</b> something that depends on the distance alone (ALiBi, relative bias). What a head
    does with it shows in its mean weight over distance.
  </p>`,
  papers: [
    { text: "Vaswani et al. 2017, sinusoidal positions, § 3.5", url: "https://arxiv.org/abs/1706.03762" },
    { text: "Raffel et al. 2020, relative buckets (T5), § 2.1", url: "https://arxiv.org/abs/1910.10683" },
    {
      text: "Su et al. 2021, RoFormer: rotary positions, § 3.2 to 3.4",
      url: "https://arxiv.org/abs/2104.09864",
    },
    { text: "Press et al. 2022, ALiBi, § 3", url: "https://arxiv.org/abs/2108.12409" },
  ],
};
