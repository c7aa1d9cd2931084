/** The status page's body. The script copies the templates and fills their `data-part`s. */
export const pageMarkup = `
<header>
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M4 28V13a12 12 0 0 1 24 0v15"/><path d="M11 28V14a5 5 0 0 1 10 0v14"/></svg>
  <h1>headgate</h1>
  <span id="version" class="quiet"></span>
  <span id="uptime" class="quiet"></span>
  <span id="link" class="link" data-link="wait">connecting</span>
</header>
<p id="lost" class="lost" role="alert" hidden></p>
<main id="chains"><p class="quiet">Waiting for the first answer …</p></main>
<details id="explain">
  <summary>Which node would answer a call?</summary>
  <form id="question">
    <label>Chain <select name="chain"></select></label>
    <label>Method <input name="method" value="eth_getBalance" autocomplete="off" spellcheck="false" required></label>
    <label class="wide">Params <input name="params" value='["0x0000000000000000000000000000000000000000", "latest"]' autocomplete="off" spellcheck="false"></label>
    <button>Explain</button>
  </form>
  <pre id="answer" hidden></pre>
</details>
<footer class="quiet">
  <a href="status">status</a> <a href="metrics">metrics</a> <a href="readyz?verbose">readyz</a>
</footer>

<template id="chain">
  <section class="chain">
    <div class="top">
      <div>
        <h2><span data-part="name"></span> <small class="quiet" data-part="id"></small></h2>
        <p class="quiet" data-part="tags"></p>
      </div>
      <div class="head">
        <strong data-part="number"></strong>
        <span class="quiet"><code data-part="hash"></code> <span data-part="age"></span></span>
      </div>
      <dl class="traffic">
        <div><dt>calls/s</dt><dd data-part="rate"></dd></div>
        <div><dt>calls saved</dt><dd data-part="saved"></dd></div>
        <div><dt>unanswered</dt><dd data-part="failed"></dd></div>
      </dl>
    </div>
    <div class="strip" data-part="blocks" role="img" aria-label="The last blocks: each bar is as high as the time since the one before; a reorganisation's undone blocks are red"></div>
    <div class="scroll">
      <table>
        <thead><tr>
          <th>upstream</th><th>state</th><th>score</th><th>height</th>
          <th class="n">latency</th><th class="n">errors</th><th class="n">in flight</th><th class="n">peers</th><th class="n">share</th>
        </tr></thead>
        <tbody data-part="upstreams"></tbody>
      </table>
    </div>
    <div class="lists">
      <div><h3>Changes</h3><ol data-part="events"></ol></div>
      <div><h3>Slow, retried or failed calls</h3><ol data-part="calls"></ol></div>
    </div>
  </section>
</template>

<template id="upstream">
  <tr>
    <td class="who"><b data-part="name"></b> <span class="tier" data-part="tier"></span><span class="quiet client" data-part="client"></span></td>
    <td class="what"><span class="state" data-part="state"></span><span class="quiet reason" data-part="reason"></span></td>
    <td data-label="score"><span class="bar"><i data-part="scoreBar"></i></span> <span data-part="score"></span></td>
    <td data-label="height"><span class="bar lag"><i data-part="lagBar"></i></span> <span data-part="head"></span> <span class="behind" data-part="lag"></span></td>
    <td class="n" data-label="latency" data-part="latency"></td>
    <td class="n" data-label="errors" data-part="errors"></td>
    <td class="n" data-label="in flight" data-part="inflight"></td>
    <td class="n" data-label="peers" data-part="peers"></td>
    <td class="n" data-label="share" data-part="share"></td>
  </tr>
</template>

<template id="event">
  <li><time class="quiet" data-part="when"></time><span><b data-part="who"></b> <span class="state" data-part="state"></span> <span data-part="text"></span></span></li>
</template>

<template id="call">
  <li><time class="quiet" data-part="when"></time><span><code data-part="method"></code> <b data-part="outcome"></b> <span class="quiet" data-part="text"></span></span></li>
</template>
`;
