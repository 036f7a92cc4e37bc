// The panel works without this file; it makes the tables and the bandwidth page live.
(function () {
  'use strict';
  function find(id) { return document.getElementById(id); }
  function taka(n) { return 'BDT ' + n.toLocaleString('en-IN'); }

  // Server-sent events: bandwidth page, and the number of people online on the dashboard.
  var online = find('online'), trace = find('trace'), history = [], open = [];
  function show(id, text) { var e = find(id); if (e) e.textContent = text; }
  function draw(down) {
    if (!trace) return;
    history.push(down);
    if (history.length > 120) history.shift();
    var top = Math.max.apply(null, history) * 1.1;
    trace.setAttribute('points', history.map(function (v, i) {
      return (600 - (history.length - 1 - i) * 5) + ',' + (118 - v / top * 112).toFixed(1);
    }).join(' '));
  }
  if (online && window.EventSource) {
    var source = new EventSource('/admin/bandwidth/stream');
    source.addEventListener('open', function () { show('feed', 'live'); });
    source.addEventListener('error', function () { show('feed', 'interrupted'); });
    source.addEventListener('bandwidth', function (event) {
      var now = JSON.parse(event.data), rows = find('pops');
      show('online', now.online); show('down', now.down); show('up', now.up);
      draw(now.down);
      if (!rows) return;
      now.pops.forEach(function (pop, i) {
        var cells = rows.rows[i].cells;
        cells[1].firstChild.value = pop.down;
        cells[2].textContent = pop.down;
        cells[3].textContent = pop.up;
      });
    });
    open.push(source);
  }

  // Websocket: the router's log.
  var log = find('log');
  if (log && window.WebSocket) {
    var scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    var socket = new WebSocket(scheme + location.host + log.dataset.socket);
    open.push(socket);
    socket.onopen = function () { show('socket-state', 'open'); };
    socket.onclose = function () { show('socket-state', 'closed'); };
    socket.onmessage = function (event) {
      log.textContent = (log.textContent + event.data + '\n').split('\n').slice(-200).join('\n');
      log.scrollTop = log.scrollHeight;
    };
    find('console').addEventListener('submit', function (event) {
      event.preventDefault();
      if (find('command').value && socket.readyState === 1) socket.send('> ' + find('command').value);
      find('command').value = '';
    });
  }

  window.addEventListener('pagehide', function () { open.forEach(function (feed) { feed.close(); }); });
  window.addEventListener('pageshow', function (event) { if (event.persisted && open.length) location.reload(); });

  // XHR: the customer table follows what is typed.
  var table = find('customer-table'), filter = find('customer-filter'), asked = 0, wait;
  function cell(row, text, kind) {
    var td = row.insertCell();
    td.textContent = text;
    if (kind) td.className = kind;
    return td;
  }
  function fill(answer) {
    var body = table.tBodies[0];
    body.textContent = '';
    answer.data.forEach(function (c) {
      var row = body.insertRow();
      cell(row, c.id);
      var name = cell(row, ''), link = document.createElement('a'), small = document.createElement('small');
      link.href = '/admin/customers/' + c.id; link.textContent = c.name; small.textContent = c.username;
      name.append(link, document.createElement('br'), small);
      cell(row, c.mobile); cell(row, c.area); cell(row, c.package);
      var badge = document.createElement('span');
      badge.className = 'badge ' + c.status; badge.textContent = c.status;
      cell(row, '').append(badge);
      cell(row, taka(c.due), 'num');
    });
    if (!answer.data.length) cell(body.insertRow(), 'No customer fits this search.').colSpan = 7;
    document.querySelector('.pager span').textContent = answer.from + '–' + answer.to + ' of ' + answer.total;
    document.querySelectorAll('.pager a').forEach(function (a) { a.hidden = true; });
  }
  function ask() {
    var mine = ++asked, query = new URLSearchParams(new FormData(filter));
    query.set('per_page', '100');
    fetch(table.dataset.source + '?' + query, {headers: {'X-Requested-With': 'XMLHttpRequest', 'Accept': 'application/json'}})
      .then(function (answer) {
        if (answer.status === 401 || answer.status === 419) { location.reload(); return; }
        return answer.json().then(function (rows) { if (mine === asked) fill(rows); });
      }).catch(function () { filter.submit(); });
  }
  if (table && filter) {
    filter.addEventListener('input', function () { clearTimeout(wait); wait = setTimeout(ask, 200); });
    filter.addEventListener('submit', function (event) { event.preventDefault(); ask(); });
  }
})();
