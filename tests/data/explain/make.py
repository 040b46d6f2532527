"""Makes causes.json: requests whose signatures do not match, each for a cause that is known.

Signed by Python's own hmac, so that the file owes nothing to the code that explains it:
    python3 tests/data/explain/make.py > tests/data/explain/causes.json
"""
import base64, gzip, hashlib, hmac, json, urllib.parse, zlib

ID, TIME = "msg_2b3s8fK0Test", "1731705121"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "plain secret of 32 characters!!!"
# Ten thousand million seconds: the vectors stay in time.
EVER = 10_000_000_000
BODY = ('{"event_type":"order.completed","data":{"order_id":"o-1","status":"größer – a/b <c>",'
        '"extra":{"z":1.50,"a":[1,2,{}]}}}').encode()
VALUE = json.loads(BODY)
PRETTY = json.dumps(VALUE, indent=2, ensure_ascii=False).encode()
LATIN = '{"event_type":"order.completed","data":{"order_id":"o-1","status":"größer"}}'.encode()


def b64(data):
    return base64.b64encode(data).decode()


def unb64(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


KEY = unb64(SECRET.removeprefix("whsec_"))


def mac(key, *parts):
    parts = [part.encode() if isinstance(part, str) else part for part in parts]
    return hmac.new(key.encode() if isinstance(key, str) else key, b"".join(parts), hashlib.sha256).digest()


def svix_text(body, id=ID, time=TIME):
    return [id, ".", time, ".", body]


def svix(signed=None, key=KEY, sent=ID, sent_time=TIME, prefix="svix", write=lambda tag: "v1," + b64(tag)):
    signed = signed or svix_text(BODY)
    names = [f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature"]
    return list(zip(names, [sent, sent_time, write(mac(key, *signed))]))


def config(svix=True, plain=False):
    read = {}
    read["svix"] = {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}] if svix else [], "tolerance_seconds": EVER}
    if plain:
        read["hmac"] = {"secrets": [{"env": "PLAIN_SECRET"}], "tolerance_seconds": EVER}
    return read


cases = []


def case(name, causes, headers, body=BODY, reason="signature_mismatch", secret=SECRET, plain=None, other=None, on=True):
    environment = {"JUNCTION_WEBHOOK_SECRET": secret}
    if plain is not None:
        environment["PLAIN_SECRET"] = plain
    if other is not None:
        environment["OTHER_SECRET"] = other
    cases.append({
        "name": name, "causes": causes, "reason": reason, "config": config(on, plain is not None),
        "environment": environment, "also_env": ["OTHER_SECRET"] if other else [],
        "headers": [list(header) for header in headers], "body_base64": b64(body),
    })


def body(name, cause, signed, sent):
    case(name, [cause], svix(svix_text(signed)), sent)


def plain(tag, name="x-signature"):
    return [(name, "sha256=" + tag.hex())]


# The body.
body("a line feed is added", "body_line_end_added", BODY, BODY + b"\n")
body("carriage return and line feed are added", "body_line_end_added", BODY, BODY + b"\r\n")
body("spaces are added at both ends", "body_line_end_added", BODY, b"  " + BODY + b" \n\n")
body("a space is added behind the final line feed", "body_line_end_added", BODY + b"\n", BODY + b"\n ")
body("a final line feed is lost", "body_line_end_removed", BODY + b"\n", BODY)
body("a final carriage return and line feed are lost", "body_line_end_removed", BODY + b"\r\n", BODY)
body("line feeds became CRLF", "body_line_feeds_to_crlf", PRETTY, PRETTY.replace(b"\n", b"\r\n"))
body("CRLF became line feeds", "body_crlf_to_line_feeds", PRETTY.replace(b"\n", b"\r\n"), PRETTY)
body("a byte order mark is added", "body_mark_added", BODY, b"\xef\xbb\xbf" + BODY)
body("a byte order mark is lost", "body_mark_removed", b"\xef\xbb\xbf" + BODY, BODY)


def rewritten(name, signed, sent=BODY):
    body(name, "body_json_rewritten", signed.encode() if isinstance(signed, str) else signed, sent)


def dumps(**how):
    # Python would write 1.50 as 1.5, as most do; the digits are kept, so that only the writing differs.
    return json.dumps(VALUE, **how).replace("1.5", "1.50")


rewritten("compact JSON was written with spaces", BODY, dumps(ensure_ascii=False).encode())
rewritten("compact JSON was written with spaces and escapes", BODY, dumps().encode())
rewritten("spaced JSON was written compactly", dumps(ensure_ascii=False))
rewritten("spaced and escaped JSON was written compactly", dumps())
rewritten("sorted JSON was signed", dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False))
rewritten("sorted, spaced and escaped JSON was signed", dumps(sort_keys=True))
rewritten("JSON indented by 2 was signed", dumps(indent=2, ensure_ascii=False))
rewritten("JSON indented by 4 and escaped was signed", dumps(indent=4))
rewritten("JSON indented by tabs was signed", dumps(indent="\t", ensure_ascii=False))
rewritten("escaped JSON was signed", dumps(separators=(",", ":")))
rewritten("JSON as PHP writes it was signed", dumps(separators=(",", ":")).replace("/", "\\/"))
rewritten("JSON as Go writes it was signed",
          BODY.decode().replace("<", "\\u003c").replace(">", "\\u003e"))
rewritten("JSON as JavaScript writes it was signed", BODY.replace(b"1.50", b"1.5"))
# What Python and a database write, and JavaScript then makes of it.
FLOATS = '{"event_type":"labtest.result.ready","data":{"marker_count":1,"markers":[{"value":5.0,"min_range_value":3.5}]}}'
CENTS = '{"event_type":"labtest.result.ready","data":{"marker_count":1,"markers":[{"value":100.20,"max_range_value":5.00}]}}'
ALL_FLOATS = '{"event_type": "labtest.result.ready", "data": {"marker_count": 1.0, "other": [12.0, {"a": -3.5}]}}'
rewritten("whole values lost their point", FLOATS, FLOATS.replace("5.0", "5").encode())
rewritten("values and ranges lost their zeros", CENTS, CENTS.replace("100.20", "100.2").replace("5.00", "5").encode())
rewritten("all numbers lost their point, and the spaces went", ALL_FLOATS,
          ALL_FLOATS.replace(".0", "").replace(" ", "").encode())
body("the JSON was written as a JSON string", "body_json_in_json", BODY, json.dumps(BODY.decode()).encode())
body("a JSON string of the JSON was signed", "body_json_string_signed",
     json.dumps(BODY.decode(), ensure_ascii=False).encode(), BODY)
body("the body is percent-encoded", "body_percent_encoded", BODY, urllib.parse.quote(BODY).encode())
body("the body is form-encoded", "body_form_encoded", BODY, urllib.parse.quote_plus(BODY).encode())
body("the body is a form's field", "body_form_encoded", BODY, b"payload=" + urllib.parse.quote_plus(BODY).encode())
body("UTF-8 was taken for Latin-1", "body_utf8_encoded_twice", LATIN, LATIN.decode("latin-1").encode())
body("UTF-8 was taken for Windows-1252", "body_utf8_encoded_twice", BODY, BODY.decode("cp1252").encode())
body("UTF-8 became Latin-1", "body_in_latin_1", LATIN, LATIN.decode().encode("latin-1"))
body("the body was compressed by gzip", "body_compressed", BODY, gzip.compress(BODY, mtime=0))
body("the body was compressed by zlib", "body_compressed", BODY, zlib.compress(BODY))
body("the body was encoded in base64", "body_in_base64", BODY, b64(BODY).encode())
body("the body's base64 was signed", "body_base64_signed", b64(BODY).encode(), BODY)
body("an empty body was signed", "body_empty_signed", b"", BODY)
body("an object was signed", "body_object_signed", b"[object Object]", BODY)


# The secret.
def key(name, cause, used, **more):
    case(name, [cause], svix(key=used), **more)


BARE = SECRET.removeprefix("whsec_")
key("the secret was not decoded", "secret_not_decoded", SECRET)
key("the secret behind whsec_ was not decoded", "secret_not_decoded", BARE)
TWICE = "whsec_" + b64(b64(KEY).encode())
key("the configured secret is base64 of the secret", "secret_still_encoded", KEY, secret=b64(SECRET.encode()),
    reason="configuration")
key("the configured secret has its prefix twice", "secret_behind_something", KEY, secret="whsec_" + SECRET,
    reason="configuration")
key("the configured secret has the variable's name before it", "secret_behind_something", KEY,
    secret="JUNCTION_WEBHOOK_SECRET=" + SECRET, reason="configuration")
key("the secret was decoded twice", "secret_decoded_twice", KEY, secret=TWICE)
# Python's lenient decoder leaves _ out; Node's takes it for /. 37 characters are 27 whole bytes.
key("the prefix was decoded without its sign", "secret_prefix_kept", unb64(("whsec" + BARE)[:36]))
key("the prefix was decoded as base64url", "secret_prefix_kept", unb64("whsec/" + BARE))
key("the secret is in hex", "secret_in_hex", KEY, secret="whsec_" + KEY.hex())
key("the decoded secret was used in hex", "secret_hex_of_key", KEY.hex())
key("the secret was encoded once more", "secret_encoded_again", b64(SECRET.encode()))
URL = "whsec_-_-_" + BARE
key("the secret is in base64url", "secret_in_base64url", base64.urlsafe_b64decode("-_-_" + BARE),
    secret=URL, reason="configuration")
key("the secret is in quotes", "secret_in_quotes_or_white_space", KEY, secret=f'"{SECRET}"', reason="configuration")
key("the secret has a space in it", "secret_in_quotes_or_white_space", KEY, secret="whsec_ " + BARE,
    reason="configuration")
case("the plain secret is in quotes", ["secret_in_quotes_or_white_space"],
     plain(mac("simple", BODY)), plain='"simple"')
case("the plain secret was used in quotes", ["secret_signed_with_quotes"],
     plain(mac(f'"{PLAIN}"', BODY)), plain=PLAIN)
case("the plain secret was used with a line feed", ["secret_signed_with_line_end"],
     plain(mac(PLAIN + "\n", BODY)), plain=PLAIN)
case("the plain secret was used with CRLF", ["secret_signed_with_line_end"],
     plain(mac(PLAIN + "\r\n", BODY)), plain=PLAIN)
case("the plain secret was decoded", ["secret_decoded"], plain(mac(KEY, BODY)), plain=b64(KEY))
case("the plain secret was used without its prefix", ["secret_without_prefix"],
     plain(mac("ab-cd", BODY)), plain="whsec_ab-cd")
OTHER = "whsec_plJ3nmyCDGBKInavdOK15jsl"
key("another endpoint's secret was used", "secret_of_another_endpoint", unb64(OTHER[6:]), other=OTHER)
key("the plain scheme's secret was used for svix", "secret_of_other_scheme", KEY,
    secret=OTHER, plain=SECRET)

# The head.
case("the id was signed with a line feed", ["id_altered"], svix(svix_text(BODY, id=ID + "\n")))
case("the id was signed in lower case", ["id_altered"], svix(svix_text(BODY, id=ID.lower())))
case("milliseconds were signed and seconds sent", ["timestamp_altered"],
     svix(svix_text(BODY, time=TIME + "000")))
case("seconds were signed and milliseconds sent", ["timestamp_altered"],
     svix(sent_time=TIME + "250"), reason="timestamp_too_new")
case("a floating-point time was signed", ["timestamp_altered"], svix(svix_text(BODY, time=TIME + ".0")))
case("a floating-point time was sent", ["timestamp_altered"], svix(sent_time=TIME + ".25"),
     reason="timestamp_malformed")
case("milliseconds were signed and sent", [], svix(svix_text(BODY, time=TIME + "000"), sent_time=TIME + "000"),
     reason="timestamp_too_new")
case("the plain scheme's milliseconds were signed as seconds", ["timestamp_altered"],
     [("x-signature", f"t={TIME}000,v1={mac(PLAIN, TIME, '.', BODY).hex()}")], plain=PLAIN)
case("the body alone was signed", ["body_alone_signed"], svix([BODY]))
case("the timestamp and the body were signed", ["timestamp_and_body_signed"], svix([TIME, ".", BODY]))
case("the body alone was signed after t=", ["body_alone_signed"],
     [("x-signature", f"t={TIME},v1={mac(PLAIN, BODY).hex()}")], plain=PLAIN)
case("svix's text was signed in a plain header", ["svix_text_signed"],
     plain(mac(PLAIN, *svix_text(BODY))) + svix()[:2], plain=PLAIN, on=False)

# The header.
case("a plain signature where plain is off", ["scheme_off"], plain(mac(SECRET, BODY)),
     reason="signature_missing")
case("svix's signature where svix is off", ["scheme_off"], svix(), plain=SECRET, secret="", on=False,
     reason="signature_missing")
case("a header of another name", ["header_not_read"], plain(mac(PLAIN, BODY), "x-hub-signature-256"),
     plain=PLAIN, reason="signature_missing")
case("both sets of headers", ["both_header_sets"], svix() + svix(prefix="webhook"), reason="signature_malformed")
case("the sets are mixed", ["mixed_header_sets"], svix()[:2] + svix(prefix="webhook")[2:],
     reason="signature_malformed")
case("a header is given twice", ["header_repeated"], svix() + svix()[2:], reason="signature_malformed")
case("another header decides", ["header_overruled"],
     [("x-junction-signature", "sha256=" + "0" * 64)] + plain(mac(PLAIN, BODY)), plain=PLAIN)


# The signature's form.
def form(name, cause, write):
    case(name, [cause], svix(write=write))


def url(tag):
    text = base64.urlsafe_b64encode(tag).decode()
    assert "-" in text or "_" in text, "choose another body"
    return text


form("the signature is in hex", "signature_in_hex", lambda tag: "v1," + tag.hex())
form("the signature is in base64url", "signature_in_base64url", lambda tag: "v1," + url(tag))
form("the signature lacks its padding", "signature_without_padding", lambda tag: "v1," + b64(tag).rstrip("="))
form("the signature is base64 of hex", "signature_base64_of_hex", lambda tag: "v1," + b64(tag.hex().encode()))
form("the signature is hex of base64", "signature_hex_of_base64", lambda tag: "v1," + b64(tag).encode().hex())
form("the signature has another prefix", "signature_prefix", lambda tag: "v1=" + b64(tag))
form("the signature has no prefix", "signature_prefix", b64)

# Two of them, and none.
case("not decoded, over a body without its line feed", ["secret_not_decoded", "body_line_end_added"],
     svix(key=SECRET), BODY + b"\n")
case("another's secret, over JSON that was written again",
     ["secret_of_another_endpoint", "body_json_rewritten"],
     svix(key=unb64(OTHER[6:])), dumps().encode(), other=OTHER)
case("in hex, over a body without its line feed", ["signature_in_hex", "body_line_end_added"],
     svix(write=lambda tag: "v1," + tag.hex()), BODY + b"\n")
case("a secret that nobody has", [], svix(key=b"nobody's"))
case("numbers by way of floating point", [], svix(), BODY.replace(b"1.50", b"1.5"))

print('{"cases": [')
print(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases))
print("]}")
