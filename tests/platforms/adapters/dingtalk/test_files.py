"""Files from and to DingTalk."""

import io
import json
import zipfile

from apps.chats.models import Attachment
from apps.chats.workspace.folders import workspace
from tests.platforms.adapters.dingtalk.support import GROUP_SEND, PNG, database, online
from tests.platforms.support import send
from tests.waiting import until


@database
def test_a_picture_lies_in_the_groups_folder(ding, listeners, chat):
    ding.files["dc1"] = PNG
    online(listeners)
    ding.say(msgtype="picture", content={"downloadCode": "dc1"})
    attachment = until(lambda: Attachment.objects.filter(state="ready").first())
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG


@database
def test_a_file_that_is_gone_becomes_a_placeholder(ding, listeners, chat):
    online(listeners)
    ding.say(msgtype="file", content={"downloadCode": "gone", "fileName": "a.pdf"})
    assert "answered 404" in until(lambda: Attachment.objects.filter(state="failed").first()).error


@database
def test_images_and_files_go_out_and_odd_ones_in_a_zip(ding, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.html").write_bytes(b"<p>")
    row = send(chat, "Look", kind="image")
    Attachment.objects.create(message=row, kind="image", name="a.png", mime="image/png", path="a.png")
    Attachment.objects.create(message=row, kind="file", name="b.html", mime="text/html", path="b.html")
    listeners.start()
    image, file, words = ding.wait_for(lambda: len(ding.calls_of(GROUP_SEND)) == 3 and ding.calls_of(GROUP_SEND))
    assert (image.body["msgKey"], json.loads(image.body["msgParam"])) == ("sampleImageMsg", {"photoURL": "@media1"})
    sent = {"mediaId": "@media1", "fileName": "b.html.zip", "fileType": "zip"}
    assert (file.body["msgKey"], json.loads(file.body["msgParam"])) == ("sampleFile", sent)
    assert json.loads(words.body["msgParam"])["text"] == "Look"
    picture, packed = (call.body for call in ding.calls_of("/media/upload"))
    assert PNG in picture
    assert zipfile.ZipFile(io.BytesIO(packed[packed.index(b"PK\x03\x04") :])).read("b.html") == b"<p>"
