#include "approval_page.hpp"

namespace talome::mcp {

namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Talome: approval</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #222; background: #fff }
pre { background: #f2f2f2; padding: 1rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere }
button, input { font: inherit; padding: .4rem 1rem; margin: 0 .5rem .5rem 0 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } pre { background: #2a2a2a } }
</style>
<h1>May this be done?</h1>
<p id="says" role="status">Looking …</p>
<pre id="what" hidden></pre>
<form id="login" hidden>
<input name="username" autocomplete="username" placeholder="User name" aria-label="User name" required>
<input name="password" type="password" autocomplete="current-password" placeholder="Password" aria-label="Password" required>
<button>Log in</button>
</form>
<p id="answer" hidden><button data-approved="true">Allow once</button><button data-approved="false">Refuse</button></p>
<script>
const id = decodeURIComponent(location.pathname.split('/').pop());
const at = name => document.getElementById(name);
const says = text => { at('says').textContent = text; };
const send = (path, body) => fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
async function look() {
  const answer = await fetch('/api/tools/approvals?status=all&limit=500');
  at('login').hidden = answer.status !== 401;
  if (answer.status === 401) return says('Log in first: only a person can answer.');
  if (!answer.ok) return says('The server answers ' + answer.status + '.');
  const found = (await answer.json()).approvals.find(each => each.id === id);
  at('what').hidden = !found;
  at('answer').hidden = !found || found.status !== 'pending';
  if (!found) return says('There is no such approval, or it is not yours to answer.');
  says(found.status === 'pending' ? 'A program (' + found.origin + ') asks for this ' + found.tier + ' call:' : 'This call is ' + found.status + '.');
  at('what').textContent = (found.tool || found.operation) + '\n' + JSON.stringify(found.input, null, 2);
}
at('login').onsubmit = async event => {
  event.preventDefault();
  const form = new FormData(at('login'));
  const answer = await send('/api/auth/login', {username: form.get('username'), password: form.get('password')});
  if (answer.ok) return look();
  says((await answer.json()).error);
};
at('answer').onclick = async event => {
  if (!event.target.dataset.approved) return;
  const answer = await send('/api/tools/approvals/' + encodeURIComponent(id), {approved: event.target.dataset.approved === 'true'});
  if (!answer.ok) says((await answer.json()).error);
  else await look();
};
look();
</script>
</html>
)html";

} // namespace

ApprovalPage::ApprovalPage(Registry& registry) {
    registry
        .raw("mcp.approvalPage", "The page at which a person answers an approval", anyone, Tier::read, "GET",
             "/mcp/approvals/{id}", this, &ApprovalPage::show)
        .input("id", "of the approval", length(1, 64));
}

void ApprovalPage::show(Call&, const ApprovalPath&, Exchange& exchange) {
    exchange.begin(200, {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-cache"}},
                   static_cast<std::int64_t>(kPage.size()));
    exchange.write(kPage);
}

} // namespace talome::mcp
