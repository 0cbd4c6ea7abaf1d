import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const encoderDecoderExplanation: Explanation = {
  view: "encoderDecoder",
  words: html`<p>
      The <b>encoder</b> reads the whole source at once: every source token may look at every other. The
      <b>decoder</b> writes the target from left to right: a token may look at what was written before it and
      at nothing after. <b>Cross-attention</b> joins the two: the query comes from the decoder, keys and
      values from the encoder, so each row says where in the source the model looked for the token of that
      step.
    </p>
    <p>
      Rows of the two decoder pictures are steps, named by the token that is written; rows of later steps
      stand back. Greedy decoding takes the most likely token at each step and feeds it back. A given target
      is read as it is (teacher forcing), and its probabilities say what the model would have preferred. A row
      of attention shows where information came from, not by itself why a token was chosen.
    </p>`,
  formula: "y_t = argmax p(y | y_<t, x),  cross-attention = softmax(Q_target K_sourceᵀ / √d_k) V_source",
  papers: [
    {
      text: "Sutskever et al. 2014, Sequence to Sequence Learning",
      url: "https://arxiv.org/abs/1409.3215",
    },
    {
      text: "Bahdanau et al. 2015, attention between encoder and decoder, § 3.1, fig. 3",
      url: "https://arxiv.org/abs/1409.0473",
    },
    {
      text: "Vaswani et al. 2017, encoder-decoder attention, § 3.2.3",
      url: "https://arxiv.org/abs/1706.03762",
    },
  ],
};
