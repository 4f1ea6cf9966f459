async function show() {
  const berths = await (await fetch('/api/berths')).json();
  const rows = berths.map(({ berth, ship, until }) => {
    const row = document.createElement('tr');
    for (const text of [berth, ship ?? 'free', until ? new Date(until).toLocaleString() : '']) {
      const cell = row.insertCell();
      cell.textContent = text;
      if (text === 'free') cell.className = 'free';
    }
    return row;
  });
  document.querySelector('#berths').replaceChildren(...rows);
}

show();
setInterval(show, 15_000);
