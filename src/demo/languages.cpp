#include "demo/vocabulary.hpp"

namespace steno::demo {

namespace {

// Subjects are singular and in the third person, so that every verb fits every subject.
constexpr std::array<PhraseBook, kLanguages> kBooks{
    PhraseBook{},
    PhraseBook{
        "der Auftrag|die Rechnung|das Team|der Kunde|die Kundin|der Vertrag|die Lieferung|das Paket|der "
        "Antrag|die Buchhaltung|das Lager|der Bericht|die Abteilung|das Formular|der Anbieter|die "
        "Versicherung|das Konto|der Termin|die Anfrage|das Gerät|der Zähler|die Filiale|das Angebot|der "
        "Entwurf|die Werkstatt|das Ersatzteil|der Mitarbeiter ~P|die Firma ~C|das Ticket ~X|der Server in "
        "~L|die Prüfung vom ~Y|das Protokoll von ~F",
        "braucht|enthält|betrifft|verzögert|bestätigt|erwähnt|ersetzt|ändert|zeigt|beschreibt|verlangt|"
        "erhöht|senkt|prüft|übernimmt|verschiebt|überschreitet|meldet|erklärt|begründet",
        "eine neue Frist bis ~Y|den Betrag von ~$|die fehlende Unterschrift|einen zweiten Versuch um "
        "~T|mehr als ~# Stunden|die Adresse in ~L|das ganze Verfahren|einen Fehler in Zeile ~#|die "
        "Bestellung ~X|den Wechsel zu ~C|eine Erhöhung um ~%|die Zustimmung von ~P|nur einen Teil der "
        "Daten|das Ergebnis der Messung|den Zugang für ~F|alle ~# Positionen|keine weiteren Kosten|die "
        "Grenze aus Absatz ~#|den vereinbarten Umfang|eine Antwort an ~E|die Schulung am ~Y|einen Rabatt "
        "von ~%|das Archiv unter ~U",
        "Wann kommt meine Bestellung ~X an?|Wie kann ich die Rechnung über ~$ ändern lassen?|Warum wurde "
        "mein Konto am ~Y gesperrt?|Können Sie mir die Frist in Absatz ~# erklären?|Was kostet der Versand "
        "nach ~L?|Fassen Sie den Text bitte in drei Sätzen zusammen.|Danke! Und wie lange gilt die "
        "Garantie?|Bitte rufen Sie mich unter ~J zurück.",
        " ", ". "},
    PhraseBook{
        "el pedido|la factura|el equipo|la clienta|el contrato|la entrega|el paquete|la solicitud|el "
        "almacén|la oficina de ~L|el informe|la cuenta|el proveedor|la empresa ~C|el servicio|la reunión "
        "del ~Y|el formulario|la garantía|el cambio|la reserva ~X|el técnico|la señora ~P|el sistema|la "
        "oferta",
        "necesita|incluye|confirma|retrasa|muestra|exige|cambia|describe|reduce|aumenta|revisa|menciona|"
        "sustituye|supera|explica|rechaza",
        "un plazo nuevo hasta el ~Y|el importe de ~$|la firma que falta|un segundo intento a las ~T|más de "
        "~# horas|la dirección en ~L|todo el proceso|un error en la línea ~#|el pedido ~X|un aumento del "
        "~%|la aprobación de ~P|solo una parte de los datos|el acceso para ~F|las ~# posiciones|ningún "
        "coste adicional|el límite del apartado ~#|una respuesta a ~E|un descuento del ~%",
        "¿Cuándo llega mi pedido ~X?|¿Cómo puedo cambiar la factura de ~$?|¿Por qué se bloqueó mi cuenta "
        "el ~Y?|¿Puede explicarme el apartado ~#?|¿Cuánto cuesta el envío a ~L?|Resuma el texto en tres "
        "frases, por favor.|Gracias. ¿Y cuánto dura la garantía?|Llámeme al ~J, por favor.",
        " ", ". "},
    PhraseBook{
        "la commande|le client|la facture|le contrat|l'équipe|la livraison|le colis|la demande|l'entrepôt|"
        "le rapport|le compte|la société ~C|le fournisseur|le formulaire|la garantie|la réunion du ~Y|le "
        "dossier ~X|le technicien|Mme ~P|le système|l'offre|le bureau de ~L|la mise à jour|le devis",
        "demande|contient|confirme|retarde|montre|exige|modifie|décrit|réduit|augmente|vérifie|mentionne|"
        "remplace|dépasse|explique|refuse",
        "un nouveau délai jusqu'au ~Y|le montant de ~$|la signature manquante|un second essai à ~T|plus de "
        "~# heures|l'adresse à ~L|toute la procédure|une erreur à la ligne ~#|la commande ~X|une hausse de "
        "~%|l'accord de ~P|une partie des données|l'accès pour ~F|les ~# positions|aucun frais "
        "supplémentaire|la limite du paragraphe ~#|une réponse à ~E|une remise de ~%",
        "Quand arrive ma commande ~X ?|Comment modifier la facture de ~$ ?|Pourquoi mon compte est-il "
        "bloqué depuis le ~Y ?|Pouvez-vous m'expliquer le paragraphe ~# ?|Combien coûte l'envoi à ~L "
        "?|Résumez ce texte en trois phrases, s'il vous plaît.|Merci ! Et combien de temps dure la "
        "garantie ?|Rappelez-moi au ~J.",
        " ", ". "},
    PhraseBook{
        "o pedido|a fatura|a equipe|o cliente|o contrato|a entrega|o pacote|a solicitação|o armazém|o "
        "relatório|a conta|a empresa ~C|o fornecedor|o formulário|a garantia|a reunião de ~Y|o chamado "
        "~X|o técnico|a senhora ~P|o sistema|a oferta|a loja de ~L",
        "precisa de|inclui|confirma|atrasa|mostra|exige|altera|descreve|reduz|aumenta|verifica|menciona|"
        "substitui|ultrapassa|explica|recusa",
        "um novo prazo até ~Y|o valor de ~$|a assinatura que falta|uma segunda tentativa às ~T|mais de ~# "
        "horas|o endereço em ~L|todo o processo|um erro na linha ~#|o pedido ~X|um aumento de ~%|a "
        "aprovação de ~P|apenas parte dos dados|o acesso para ~F|as ~# posições|nenhum custo extra|o "
        "limite do item ~#|uma resposta para ~E|um desconto de ~%",
        "Quando chega o meu pedido ~X?|Como posso alterar a fatura de ~$?|Por que minha conta foi "
        "bloqueada em ~Y?|Pode me explicar o item ~#?|Quanto custa o envio para ~L?|Resuma o texto em três "
        "frases, por favor.|Obrigado! E quanto tempo dura a garantia?|Ligue para ~J, por favor.",
        " ", ". "},
    PhraseBook{
        "заказ|счёт|отдел|клиент|договор|склад|отчёт|поставщик|сотрудник|сервер|документ|запрос|"
        "бухгалтер|курьер|менеджер ~P|филиал в ~L|заказ ~X|акт от ~Y|партнёр ~C|пользователь|проект|"
        "инженер|раздел|перевод",
        "требует|содержит|подтверждает|показывает|меняет|описывает|проверяет|упоминает|заменяет|"
        "превышает|объясняет|отклоняет|получает|откладывает|сохраняет|исправляет",
        "новый срок до ~Y|сумму ~$|недостающую подпись|вторую попытку в ~T|больше ~# часов|адрес в ~L|весь "
        "процесс|ошибку в строке ~#|заказ ~X|рост на ~%|согласие ~P|часть данных|доступ для ~F|все ~# "
        "позиций|дополнительные расходы|предел из пункта ~#|ответ на ~E|скидку ~%",
        "Когда придёт мой заказ ~X?|Как изменить счёт на ~$?|Почему мой аккаунт закрыт с ~Y?|Объясните, "
        "пожалуйста, пункт ~#.|Сколько стоит доставка в ~L?|Кратко перескажите этот текст.|Спасибо! А "
        "сколько действует гарантия?|Перезвоните мне: ~J.",
        " ", ". "},
    PhraseBook{
        "ご注文~Xは|請求書は|担当者は|契約書は|お客様は|配送は|倉庫は|報告書は|申請は|会議は|システムは|"
        "サーバーは|~C社は|~Lの支店は|~Y付の資料は|見積もりは|この製品は|新しい規則は|検査結果は|"
        "保証期間は|プロジェクトは|更新は",
        "~Y までに|~T ごろ|すぐに|まだ|もう一度|原則として|場合によって|予定どおり|少し遅れて|自動的に|"
        "~#回目で|~Lで|担当部署により|事前に|通常は|残念ながら",
        "確認されました|変更が必要です|~$になります|届く予定です|承認を待っています|~#件あります|"
        "説明が不足しています|~%増えました|取り消されました|送付いたします|問題ありません|対象外です|"
        "改善されています|エラーになります|保存されます|~Eへご連絡ください|完了しました|検討中です",
        "注文~Xはいつ届きますか？|~$の請求書を変更できますか？|この文章を三文で要約してください。|"
        "~Lまでの送料はいくらですか？|第~#条の意味を教えてください。|ありがとうございます。"
        "保証は何年ですか？|~Jまでお電話ください。|パスワードを再設定する手順を教えてください。",
        "", "。"},
    PhraseBook{
        "订单~X|发票|合同|客户|仓库|报告|申请|会议记录|系统|服务器|~C公司|~L分店|~Y的文件|报价单|该产品|"
        "新规定|检测结果|保修期|项目组|财务部门|供应商|技术人员|这批货物|用户账号",
        "已经|需要|将在~Y|可以|暂时无法|通常|必须|按照计划|在~T前|重新|自动|最多|由~L团队|经过审核后|"
        "没有|再次",
        "确认收货地址|支付~$|完成第~#项检查|更换损坏的零件|发送到~E|减少~%的费用|提供更多的说明|"
        "取消之前的预约|保存全部数据|联系客服人员|修改第~#条内容|等待经理批准|延长交货时间|"
        "更新到最新版本|处理~#个请求|说明具体原因|通过质量测试|退还多收的金额",
        "我的订单~X什么时候到？|~$的发票可以修改吗？|请用三句话总结这段文字。|寄到~L的运费是多少？|"
        "请解释一下第~#条。|谢谢！保修期有多长？|请拨打~J联系我。|怎样重新设置密码？",
        "", "。"},
    PhraseBook{
        "الطلب|العقد|العميل|الفريق|التقرير|المستودع|المورد|النظام|الحساب|المدير|القسم|المشروع|الموظف|"
        "الاجتماع|المنتج|الفرع في ~L|الطلب ~X|الملف|الخادم|العرض",
        "يحتاج إلى|يتضمن|يؤكد|يؤخر|يعرض|يتطلب|يغير|يصف|يراجع|يذكر|يتجاوز|يشرح|يرفض|يستبدل",
        "موعد جديد قبل ~Y|المبلغ ~$|التوقيع الناقص|محاولة ثانية في ~T|أكثر من ~# ساعات|العنوان في ~L|"
        "الإجراء كله|خطأ في السطر ~#|الطلب ~X|زيادة بنسبة ~%|موافقة المدير|جزء من البيانات|كل البنود ~#|"
        "تكاليف إضافية|الحد في الفقرة ~#|رد إلى ~E",
        "متى يصل طلبي ~X؟|كيف أغير الفاتورة بمبلغ ~$؟|لماذا أغلق حسابي منذ ~Y؟|لخص هذا النص في ثلاث "
        "جمل من فضلك.|كم تكلفة الشحن إلى ~L؟|شكرا! وما مدة الضمان؟|اتصل بي على ~J.",
        " ", ". "},
    PhraseBook{"आपका ऑर्डर|ग्राहक|अनुबंध|गोदाम|दस्तावेज़|आवेदन|खाता|प्रबंधक|विभाग|सर्वर|उत्पाद|भुगतान|कर्मचारी|"
               "विक्रेता|ऑर्डर ~X|~L का कार्यालय|परिणाम|प्रस्ताव",
               "~Y तक|आज|कल|अभी|फिर से|~T बजे|नियम के अनुसार|जल्दी|पहले से|हमेशा|~# बार|शायद",
               "नई तारीख माँगता है|~$ की राशि दिखाता है|स्वीकृत हो गया है|रद्द हो सकता है|~% बढ़ गया है|भेजा जाएगा|"
               "अधूरा है|~# घंटे लेता है|बदल दिया गया है|सही नहीं है|उपलब्ध है|जाँच में है|~E पर मिलेगा|पूरा हुआ",
               "मेरा ऑर्डर ~X कब आएगा?|~$ का बिल कैसे बदलें?|कृपया इस पाठ का सार तीन वाक्यों में लिखें।|~L तक भेजने का "
               "खर्च कितना है?|धन्यवाद! वारंटी कितने समय की है?|कृपया ~J पर फ़ोन करें।",
               " ", "। "},
};

constexpr std::array<std::string_view, kLanguages> kLocales{"en", "de", "es", "fr", "pt",
                                                            "ru", "ja", "zh", "ar", "hi"};

}  // namespace

const PhraseBook& phrase_book(Language language) {
    return kBooks[static_cast<std::size_t>(language)];
}

std::string_view locale_of(Language language) {
    return kLocales[static_cast<std::size_t>(language)];
}

}  // namespace steno::demo
